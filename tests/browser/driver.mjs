// A page in a browser of its own, and everything that went wrong in it.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** Runs `use` with a new page at `url`, with a fresh profile; then nothing may have gone wrong. */
export async function withPage({ browser }, url, options, use) {
  const profile = await mkdtemp(join(tmpdir(), 'tower-entra-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browser, args: FLAGS, viewport: { width: 1280, height: 860 }, ...options,
  });
  try {
    const wrong = [];
    context.on('request', (request) => {
      const address = request.url();
      if (new URL(address).origin !== url && address !== 'data:,') wrong.push(`a request to ${address}`);
      if (/eyJ/.test(address)) wrong.push(`a token in the address ${address}`);
    });
    const page = context.pages()[0] ?? (await context.newPage());
    page.on('pageerror', (error) => wrong.push(`an error: ${error}`));
    page.on('dialog', (dialog) => {
      wrong.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) wrong.push(`the console: ${message.text()}`);
    });
    await page.addInitScript(() => {
      window.violations = [];
      document.addEventListener('securitypolicyviolation', (event) => {
        window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await page.goto(url);
    await page.locator('body[data-ready]').waitFor();
    await use(page, wrong);
    wrong.push(...(await page.evaluate(() => window.violations)));
    const kept = await page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length);
    assert.equal(kept, 0, 'nothing is kept in the browser');
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** Waits for the response to what was sent last. */
export async function verdict(page) {
  for (let tries = 0; tries < 500; tries += 1) {
    const found = await page.evaluate(() => ({
      busy: document.getElementById('result').getAttribute('aria-busy'),
      look: document.getElementById('verdict').className.replace('card ', ''),
      headline: document.getElementById('headline').textContent,
      code: document.getElementById('code').textContent,
      announced: document.getElementById('announcement').textContent,
    }));
    if (found.busy === 'false') return found;
    await sleep(20);
  }
  throw new Error('there is no verdict after 10 s');
}

/** The element with the focus, and whether that is visible. */
export function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    return {
      name: element.id || element.textContent.trim(),
      isVisible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    };
  });
}

/** What axe-core finds, contrast (WCAG 2.2 AA) among it. */
export async function accessibilityViolations(page) {
  await page.evaluate(await readFile(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8'));
  const { violations, passes } = await page.evaluate(() => window.axe.run(document, {
    preload: false,
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  assert.ok(passes.some((rule) => rule.id === 'color-contrast'), 'contrast was measured');
  return violations.map((rule) => `${rule.id}: ${rule.help}: ${rule.nodes.map((node) => node.html).join(' ')}`);
}
