// The page of entra-explain as somebody at a browser has it. Standard input has the addresses of two servers, the browser, tokens
// and settings: see crates/entra-explain/tests/it/browser.rs.
import assert from 'node:assert/strict';
import { json } from 'node:stream/consumers';
import { join } from 'node:path';
import { accessibilityViolations, focused, verdict, withPage } from './driver.mjs';

const given = await json(process.stdin);
const PHONE = { viewport: { width: 390, height: 844 } };

async function give(page, text) {
  await page.locator('#token').fill(text);
  await page.getByRole('button', { name: 'Explain' }).click();
  return verdict(page);
}

async function isInView(page, selector) {
  const { y, height } = await page.locator(selector).boundingBox();
  const { height: visible } = page.viewportSize();
  assert.ok(y >= 0 && y + Math.min(height, 60) <= visible, `${selector} is at ${y}, on a screen of ${visible}`);
}

async function pasteAndRead(page) {
  await isInView(page, '#token');
  assert.ok(await page.locator('#empty').isVisible());
  assert.equal((await give(page, given.good)).headline, 'Accepted: an access token');
  await isInView(page, '#headline');

  const found = await give(page, given.graph);
  assert.deepEqual([found.look, found.code], ['rejected', '401 microsoft_api_token']);
  assert.match(found.headline, /^Rejected: the token is for Microsoft Graph/);
  assert.equal(found.announced, found.headline);
  await isInView(page, '#headline');
  await isInView(page, '#causes .steps');
  // Cause, remedy, failed checks, claims, in this order; passed checks are folded.
  const text = await page.locator('#explained').innerText();
  const order = ['Rejected: ', 'To fix', 'Failed checks', 'checks passed', 'Claims'].map((part) => text.indexOf(part));
  assert.deepEqual(order, [...order].sort((one, other) => one - other), `${order}`);
  assert.ok(!order.includes(-1), `${order}`);
  assert.equal(await page.locator('#passed').isVisible(), false);
  await page.locator('#others summary').click();
  assert.ok((await page.locator('#passed li').count()) > 5);
  assert.ok(!(await page.content()).includes(given.graph.split('.')[2]), 'the signature is not shown');

  const exp = page.locator('#claims > div').filter({ has: page.locator('dt', { hasText: /^exp$/ }) });
  assert.match(await exp.textContent(), /^exp\d{10}\d{4}-\d\d-\d\dT.*Z, in /);
  assert.equal(await page.locator('#claims dt').first().textContent(), 'aud');

  // As it was pasted, and why it is rejected.
  const quoted = await give(page, `"${given.graph}"`);
  assert.match(quoted.headline, /Microsoft Graph/);
  assert.match(await page.locator('#pasted').innerText(), /in quotes/);
  assert.match((await give(page, `"${given.good}"`)).headline, /^Accepted alone, but rejected as it was pasted/);
  assert.match(await page.locator('#pasted').innerText(), /The token alone is accepted\./);
  assert.equal((await give(page, `curl -H 'Authorization: Bearer ${given.good}' https://api.contoso.example/`)).look, 'accepted');
  assert.match((await give(page, 'not a token')).headline, /^Rejected/);

  await page.getByRole('button', { name: 'Clear' }).click();
  assert.equal(await page.locator('#token').inputValue(), '');
  assert.ok(await page.locator('#empty').isVisible());
  await page.getByRole('button', { name: 'Try an example' }).click();
  assert.match((await verdict(page)).headline, /Microsoft Graph/);
}

async function changeTheApi(page, wrong) {
  const settings = page.locator('#api-settings');
  assert.match(await settings.innerText(), new RegExp(given.client));
  assert.match(await settings.innerText(), /scope Files\.Read/);
  assert.equal((await give(page, given.good)).look, 'accepted');
  await page.getByText('Change the API', { exact: true }).click();
  await page.getByLabel('Required by the operation').fill('scope Files.Write\nmember');
  await page.getByRole('button', { name: 'Use this API' }).click();
  assert.equal((await verdict(page)).code, '403 insufficient_scope');
  assert.match(await settings.innerText(), /Files\.Write/);

  await page.getByLabel('Required by the operation').fill('scop Files.Write');
  await page.getByRole('button', { name: 'Use this API' }).click();
  assert.match((await verdict(page)).headline, /"scop" is not a kind of rule/);
  assert.match(await page.locator('#requirement-error').innerText(), /it is scope, app_permission/);
  assert.ok(wrong.every((one) => one.includes('status of 400')), `${wrong}`);
  wrong.length = 0;

  await page.getByLabel('Required by the operation').fill('');
  await page.getByLabel('Configuration', { exact: true }).fill(given.otherSettings);
  await page.getByRole('button', { name: 'Use this API' }).click();
  assert.equal((await verdict(page)).code, '401 wrong_audience');
  await page.getByLabel('Configuration', { exact: true }).fill('{"AzureAd":{"TenantId":"x y"}}');
  await page.getByRole('button', { name: 'Use this API' }).click();
  assert.match((await verdict(page)).headline, /the configuration has mistakes/);
  assert.match(await page.locator('#api-problems').innerText(), /TenantId/);

  // The settings of a remedy are copied, pasted, and the token is accepted.
  await page.getByLabel('Configuration', { exact: true }).fill(given.settingsWithClients);
  await page.getByRole('button', { name: 'Use this API' }).click();
  assert.equal((await verdict(page)).code, '401 client_not_allowed');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy' }).first().click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const merged = await page.evaluate(async (text) => {
    const [configured, copied] = [JSON.parse(text), JSON.parse(await navigator.clipboard.readText())];
    return JSON.stringify({ AzureAd: { ...configured.AzureAd, ...copied.AzureAd } });
  }, given.settingsWithClients);
  await page.getByLabel('Configuration', { exact: true }).fill(merged);
  await page.getByRole('button', { name: 'Use this API' }).click();
  assert.equal((await verdict(page)).look, 'accepted');

  await page.getByRole('button', { name: 'Undo changes' }).click();
  await verdict(page);
  assert.match(await settings.innerText(), /scope Files\.Read/);
}

async function withoutAConfiguration(page) {
  assert.match(await page.locator('#api').innerText(), /No API is configured/);
  const found = await give(page, given.good);
  assert.deepEqual([found.look, found.headline], ['unchecked', 'Not checked: no API is configured']);
  const graph = await give(page, given.graph);
  assert.deepEqual([graph.look, graph.headline], ['rejected', 'No API of yours accepts it: it is for an API of Microsoft\'s']);
  await page.getByLabel('Configuration', { exact: true }).fill(given.settings);
  await page.getByRole('button', { name: 'Use this API' }).click();
  assert.match((await verdict(page)).headline, /Microsoft Graph/);
  assert.equal((await give(page, given.good)).look, 'accepted');
}

async function byKeyboardAlone(page) {
  const seen = async (name) => {
    const found = await focused(page);
    assert.deepEqual(found, { name, isVisible: true });
  };
  const tab = async (name) => {
    await page.keyboard.press('Tab');
    await seen(name);
  };
  await tab('token');
  // Pasting is enough: the verdict comes without a button.
  await page.keyboard.insertText(given.audience);
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Control+X');
  await page.keyboard.press('Control+V');
  await page.locator('#verdict.rejected').waitFor();
  assert.equal((await verdict(page)).code, '401 wrong_audience');
  await seen('token');
  await tab('Explain');
  await page.keyboard.press('Enter');
  assert.match((await verdict(page)).announced, /^Rejected: /);
  await seen('Explain');
  await tab('clear');
  await tab('example');
  await tab('Change the API');
  await page.keyboard.press('Enter');
  await tab('configuration');
  await tab('requirement');
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText('scope Files.Write');
  await tab('apply');
  await page.keyboard.press('Space');
  assert.equal((await verdict(page)).code, '401 wrong_audience');
  await tab('reset');
  // Everything behind it can be reached, in the order in which it is seen.
  const reached = [];
  for (let count = 0; count < 40 && !reached.includes('Header'); count += 1) {
    await page.keyboard.press('Tab');
    const { name, isVisible } = await focused(page);
    assert.ok(isVisible, name);
    reached.push(name);
  }
  assert.ok(reached.includes('others-title') && reached.includes('Header'), `${reached}`);
}

async function onAPhone(page) {
  const width = async (what) => {
    const [seen, whole] = await page.evaluate(() => {
      const { clientWidth, scrollWidth } = document.scrollingElement;
      return [clientWidth, scrollWidth];
    });
    assert.ok(whole <= seen, `${what} is ${whole} wide, on a screen of ${seen}`);
  };
  await isInView(page, '#token');
  await width('the empty page');
  for (const [name, text] of Object.entries({ good: given.good, graph: given.graph, long: given.long, hostile: given.hostile })) {
    await give(page, text);
    await width(name);
    await isInView(page, '#headline');
    const [shown, field] = [await page.locator('#verdict').boundingBox(), await page.locator('#token').boundingBox()];
    assert.ok(shown.y < field.y, 'the verdict is first');
    assert.equal((await focused(page)).name, 'Explain', 'the focus stays');
  }
  await give(page, given.graph);
  await isInView(page, '#causes .steps li');
  await page.getByText('Change the API', { exact: true }).click();
  await width('the fields of the API');
}

async function nothingOfATokenRuns(page) {
  const count = () => page.locator('body *').evaluateAll((all) => all.filter((one) => !one.closest('#result')).length);
  const before = await count();
  await give(page, given.hostile);
  const shown = await page.locator('#result').textContent();
  for (const text of ['<img src=x onerror="window.hit=1">', '<script>window.hit=2</script>', 'constructor']) {
    assert.ok(shown.includes(text), `${text} is shown as it stands`);
  }
  assert.equal(await page.locator('#result :is(img, script, a, iframe, svg, style, link)').count(), 0);
  assert.equal(await page.evaluate(() => window.hit), undefined);
  assert.equal(await count(), before, 'nothing was added elsewhere');
}

async function onlyTheLastQuestionIsAnswered(page) {
  let letGo;
  const held = new Promise((resolve) => { letGo = resolve; });
  let first = true;
  await page.route('**/explain', async (route) => {
    const isFirst = first;
    first = false;
    if (isFirst) await held;
    await route.continue();
  });
  await page.locator('#token').fill(given.good);
  await page.getByRole('button', { name: 'Explain' }).click();
  while (first) await new Promise((resolve) => { setTimeout(resolve, 10); });
  assert.match((await give(page, given.graph)).headline, /Microsoft Graph/);
  const late = page.waitForResponse('**/explain');
  letGo();
  await (await late).finished();
  await new Promise((resolve) => { setTimeout(resolve, 100); });
  assert.match((await verdict(page)).headline, /Microsoft Graph/);
}

async function serverIsGone(page, wrong) {
  await page.route('**/explain', (route) => route.abort());
  assert.match((await give(page, given.good)).headline, /^No verdict: entra-explain does not respond/);
  assert.equal(await page.locator('#checks').isVisible(), false);
  assert.ok(wrong.every((one) => one.includes('ERR_FAILED')), `${wrong}`);
  wrong.length = 0;
}

async function isAccessible(page) {
  const check = async (what) => assert.deepEqual(await accessibilityViolations(page), [], what);
  await check('the empty page');
  assert.equal(await page.locator('[role=status]').count(), 1);
  await page.getByText('Change the API', { exact: true }).click();
  for (const text of [given.graph, given.good, `"${given.good}"`, given.audience]) {
    await give(page, text);
    for (const summary of await page.locator('#result summary').all()) await summary.click();
    await check(text.slice(0, 20));
  }
}

const { url, unconfigured } = given;
await withPage(given, url, {}, pasteAndRead);
await withPage(given, url, {}, changeTheApi);
await withPage(given, unconfigured, {}, withoutAConfiguration);
await withPage(given, url, {}, byKeyboardAlone);
await withPage(given, url, {}, nothingOfATokenRuns);
await withPage(given, url, {}, onlyTheLastQuestionIsAnswered);
await withPage(given, url, {}, serverIsGone);
await withPage(given, url, PHONE, onAPhone);
const grounds = [];
for (const colorScheme of ['light', 'dark']) {
  for (const options of [{}, PHONE]) {
    await withPage(given, url, { colorScheme, ...options }, async (page) => {
      await isAccessible(page);
      grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    });
  }
  await withPage(given, unconfigured, { colorScheme }, async (page) => {
    await give(page, given.good);
    assert.deepEqual(await accessibilityViolations(page), [], 'without a configuration');
  });
}
assert.notEqual(grounds[0], grounds[2], 'light and dark differ');

if (given.screenshots) {
  const pictures = [
    ['entra-explain.png', { colorScheme: 'light' }],
    ['entra-explain-phone.png', { ...PHONE, deviceScaleFactor: 2, colorScheme: 'dark' }],
  ];
  for (const [name, options] of pictures) {
    await withPage(given, url, options, async (page) => {
      await give(page, given.audience);
      await page.locator('h1').hover();
      await page.screenshot({ path: join(given.screenshots, name) });
    });
  }
}
console.log('passed');
