// examples/playground as somebody at a browser has it. Standard input says where it listens, which browser to take, and what is
// to be found: {url, browser, samples: [{id, title, code, cause, status}], hostile, long, screenshot}.
import assert from 'node:assert/strict';
import { json } from 'node:stream/consumers';
import { focused, tooFaint, verdict, withPage } from './driver.mjs';

const given = await json(process.stdin);
const { samples, hostile, long } = given;

function isAsExpected(found, { id, code, cause, status }) {
  assert.deepEqual([found.cause, found.status], [cause, status], id);
  assert.equal(found.className, code === null ? 'accepted' : 'refused', id);
  assert.ok(found.text.startsWith(code === null ? 'Accepted: ' : `Refused (${code}): `), `${id}: ${found.text}`);
}

async function byKeyboardAlone(page) {
  const seen = async (expected) => {
    const { isSeen, ...rest } = await focused(page);
    for (const [name, value] of Object.entries(expected)) assert.equal(rest[name], value, JSON.stringify(rest));
    assert.ok(isSeen, `the focus is not seen on ${JSON.stringify(rest)}`);
  };
  await page.keyboard.press('Tab');
  for (const [index, sample] of samples.entries()) {
    await page.keyboard.press(index === 0 ? 'Space' : 'ArrowDown');
    isAsExpected(await verdict(page), sample);
    await seen({ name: 'sample', value: sample.id });
  }
  await page.keyboard.press('Tab');
  await seen({ id: 'token' });
  const response = await page.locator('#token').inputValue();
  assert.ok(response.startsWith('{'), 'what was chosen stands in the field');

  // Pasted: the token itself, out of the response around it.
  const paste = async (text) => {
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(text);
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Control+X');
    assert.equal(await page.locator('#token').inputValue(), '');
    await page.keyboard.press('Control+V');
    assert.equal(await page.locator('#token').inputValue(), text);
    await page.keyboard.press('Tab');
    await seen({ tag: 'button' });
    await page.keyboard.press('Enter');
    return verdict(page);
  };
  const { access_token: token } = JSON.parse(response);
  isAsExpected(await paste(token), { id: 'pasted', code: null, cause: null, status: 200 });
  assert.equal(await page.locator('#samples input:checked').count(), 0, 'nothing is chosen any more');
  const shown = await page.locator('#result').textContent();
  assert.ok(!shown.includes(token.split('.')[2]), 'the signature is not shown');
  await page.keyboard.press('Tab');
  await seen({ id: 'answer' });
  for (const [text, cause, status] of [
    ['', 'no_token', 401],
    [`${token.slice(0, 40)}\n${token.slice(40)}`, 'whitespace_in_token', NaN],
    ['abc', 'opaque', 401],
  ]) {
    await page.locator('#token').focus();
    if (text === '') {
      await page.keyboard.press('Control+A');
      await page.keyboard.press('Delete');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
    } else {
      await paste(text);
    }
    const found = await verdict(page);
    assert.deepEqual([found.cause, found.status], [cause, status], text);
  }
}

async function whatPeoplePaste(page) {
  await choose(page, 'The whole token response');
  await verdict(page);
  const response = await page.locator('#token').inputValue();
  const { access_token: token } = JSON.parse(response);
  const signature = token.split('.')[2];
  for (const [text, cause, status, says] of [
    [`${token}\n`, null, 200, 'Accepted'],
    [token.replace('.', '.\n'), 'whitespace_in_token', NaN, 'without line breaks'],
    [`"${token}"`, 'quoted', 401, 'Take the quotes away'],
    [`Bearer ${token}`, 'bearer_in_token', 401, 'The word Bearer'],
    [`Authorization: Bearer ${token}`, 'bearer_in_token', 401, 'The word Bearer'],
    [token.replaceAll('.', '%2E'), 'url_encoded', 401, 'Decode it once'],
    [`${token} ${token}`, 'two_tokens', 401, 'Send one'],
    [`${token}\n${token}`, 'two_tokens', NaN, 'Send one'],
    [response, 'token_response', 401, 'its field access_token'],
    [`curl -H 'Authorization: Bearer ${token}' https://api.contoso.example/`, 'surrounded', 401, 'Send the token alone'],
    ['1.AXoAmadeUpRefreshToken.AgABAwEAAAmadeUp', 'opaque', 401, 'not refresh_token'],
    ['{"error":"invalid_scope","error_description":"AADSTS70011: no"}', 'error_response', 401, 'AADSTS70011'],
  ]) {
    const found = await give(page, text);
    assert.deepEqual([found.cause, found.status], [cause, status], text);
    const shown = await page.locator('#result').textContent();
    assert.ok(shown.includes(says), `${says} is not in ${shown}`);
    assert.ok(!shown.includes(signature), `${text}: the signature is shown`);
  }
}

async function namesForWhoListens(page) {
  assert.equal(await page.locator('[role=status]').count(), 1);
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  const group = page.getByRole('group', { name: 'A made-up token' });
  for (const { title } of samples) await group.getByRole('radio', { name: title, exact: true }).waitFor();
  await page.getByRole('textbox', { name: 'or one of your own' }).waitFor();
  await group.getByRole('radio', { name: samples[3].title, exact: true }).check();
  await verdict(page);
  await page.getByRole('status').filter({ hasText: 'Microsoft Graph' }).waitFor();
  const levels = await page.locator('h1, h2, h3').evaluateAll((all) => all.map((one) => Number(one.localName[1])));
  assert.equal(levels[0], 1);
  levels.reduce((before, level) => {
    assert.ok(level <= before + 1, `the headings ${levels}`);
    return level;
  });
  const ids = await page.locator('[id]').evaluateAll((all) => all.map((one) => one.id));
  assert.equal(new Set(ids).size, ids.length, 'no id is there twice');
  const [checks, failed] = [page.locator('#checks li'), page.locator('#checks li:has(.failed)')];
  assert.ok((await checks.count()) > 15);
  assert.ok((await failed.allTextContents()).join().includes('failed'), 'it is said in words, not by colour alone');
  const first = failed.first();
  for (const text of ['expected: ', 'found: 00000003-', '(not verified)']) await first.filter({ hasText: text }).waitFor();
  await choose(page, samples[14].title);
  await verdict(page);
  await failed.filter({ hasText: 'scope Files.Read' }).filter({ hasText: '(verified)' }).waitFor();
  // A claim: its value, its date in words, its meaning.
  const exp = page.locator('#claims > div').filter({ has: page.locator('dt', { hasText: /^exp$/ }) });
  assert.match(await exp.textContent(), /^exp\d{10}\d{4}-.* UTC, in 59 minutes.*It does not count after this\.$/);
  assert.equal(await page.locator('#claims dt').first().textContent(), 'aud');
}

/** Chooses one of the made-up tokens. */
const choose = (page, title) => page.getByRole('radio', { name: title, exact: true }).check();

async function give(page, text) {
  await page.locator('#token').fill(text);
  await page.getByRole('button').click();
  return verdict(page);
}

async function onASmallScreen(page) {
  const width = async (what) => {
    const [seen, whole] = await page.evaluate(() => {
      const { clientWidth, scrollWidth } = document.scrollingElement;
      return [clientWidth, scrollWidth];
    });
    assert.ok(whole <= seen, `${what} is ${whole} wide, on a screen of ${seen}`);
  };
  await width('the empty page');
  for (const { id, title } of samples) {
    await choose(page, title);
    await verdict(page);
    await width(id);
    assert.ok((await page.locator('#verdict').boundingBox()).y < 700, `${id}: the verdict is in sight`);
  }
  for (const text of [long, hostile, 'x'.repeat(3000)]) {
    await give(page, text);
    await width('a long text');
  }
}

async function nothingOfATokenRuns(page) {
  const before = await page.locator('body *').evaluateAll((all) => all.filter((one) => !one.closest('#result')).length);
  await give(page, hostile);
  const shown = await page.locator('#result').textContent();
  for (const text of ['<img src=x onerror="window.hit=1">', '<script>window.hit=2</script>', 'constructor']) {
    assert.ok(shown.includes(text), `${text} is shown as it stands`);
  }
  assert.equal(await page.locator('#result :is(img, script, a, iframe, svg, style, link)').count(), 0);
  assert.equal(await page.evaluate(() => window.hit), undefined);
  const after = await page.locator('body *').evaluateAll((all) => all.filter((one) => !one.closest('#result')).length);
  assert.equal(after, before, 'nothing was added elsewhere');
}

async function theLastOneAskedIsShown(page) {
  let letGo;
  const held = new Promise((resolve) => { letGo = resolve; });
  let first = true;
  await page.route('**/diagnose', async (route) => {
    const isFirst = first;
    first = false;
    if (isFirst) await held;
    await route.continue();
  });
  const [user, , , graph] = samples;
  await choose(page, user.title);
  while (first) await new Promise((resolve) => { setTimeout(resolve, 10); });
  await choose(page, graph.title);
  isAsExpected(await verdict(page), graph);
  const late = page.waitForResponse('**/diagnose');
  letGo();
  await (await late).finished();
  await new Promise((resolve) => { setTimeout(resolve, 100); });
  isAsExpected(await verdict(page), graph);
}

async function aServerThatIsGone(page, wrong) {
  await page.route('**/diagnose', (route) => route.fulfill({ status: 500 }));
  await choose(page, samples[0].title);
  const found = await verdict(page);
  assert.match(found.text, /^No verdict: the server answers 500/);
  assert.equal(await page.locator('#details').isVisible(), false);
  assert.ok(wrong.every((one) => one.includes('500')), `${wrong}`);
  wrong.length = 0;
}

async function readable(page) {
  for (const { id, title } of samples) {
    await choose(page, title);
    await verdict(page);
    assert.deepEqual(await tooFaint(page), [], id);
  }
}

const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

await withPage(given, {}, byKeyboardAlone);
await withPage(given, {}, whatPeoplePaste);
await withPage(given, {}, namesForWhoListens);
await withPage(given, {}, nothingOfATokenRuns);
await withPage(given, {}, theLastOneAskedIsShown);
await withPage(given, {}, aServerThatIsGone);
await withPage(given, { viewport: { width: 360, height: 740 } }, onASmallScreen);
const grounds = [];
for (const colorScheme of ['light', 'dark']) {
  await withPage(given, { colorScheme }, async (page) => {
    await readable(page);
    grounds.push(await ground(page));
  });
}
assert.notEqual(grounds[0], grounds[1], 'light and dark differ');

if (given.screenshot) {
  await withPage(given, { viewport: { width: 1080, height: 760 }, colorScheme: 'light' }, async (page) => {
    await choose(page, 'For Microsoft Graph');
    await verdict(page);
    await page.screenshot({ path: given.screenshot });
  });
}
console.log('well');
