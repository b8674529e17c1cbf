// A page in a browser of its own, and all that went wrong in it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** Runs `use` with a new page at `url`, with a fresh profile; then nothing may have gone wrong. */
export async function withPage({ browser, url }, options, use) {
  const profile = await mkdtemp(join(tmpdir(), 'tower-entra-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browser, args: FLAGS, viewport: { width: 1280, height: 900 }, ...options,
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
      // A refused call is what the page is about.
      const isRefusal = /the server responded with a status of 40[13]/.test(message.text());
      if (!isRefusal && ['error', 'warning'].includes(message.type())) wrong.push(`the console: ${message.text()}`);
    });
    await page.addInitScript(() => {
      window.violations = [];
      document.addEventListener('securitypolicyviolation', (event) => {
        window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await page.goto(url);
    await page.locator('#samples input').last().waitFor();
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

/** Waits for the verdict of what was asked last. */
export async function verdict(page) {
  for (let tries = 0; tries < 500; tries += 1) {
    const found = await page.evaluate(() => ({
      busy: document.getElementById('result').getAttribute('aria-busy'),
      className: document.getElementById('verdict').className,
      text: document.getElementById('verdict').textContent,
      cause: document.querySelector('#cause .causes .kind')?.textContent ?? null,
      status: Number(/^HTTP\/1\.1 (\d+)/.exec(document.getElementById('answer').textContent)?.[1]),
    }));
    if (found.busy === 'false') return found;
    await sleep(20);
  }
  throw new Error('there is no verdict after 10 s');
}

/** What is told to a screen reader or seen of the element that has the focus. */
export function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    return {
      id: element.id, name: element.name, tag: element.localName, value: element.value,
      isSeen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    };
  });
}

/** Texts whose contrast with what is behind them is under 4.5 (WCAG 2.2, 1.4.3). */
export function tooFaint(page) {
  return page.evaluate(() => {
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const luminance = ([red, green, blue]) => {
      const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
      return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    };
    const behind = (element) => {
      const colour = numbers(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
      return element.parentElement ? behind(element.parentElement) : [255, 255, 255];
    };
    const found = [];
    for (const element of document.querySelectorAll('body *')) {
      const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
      if (!hasText || element.localName === 'noscript') continue;
      const [one, other] = [numbers(getComputedStyle(element).color), behind(element)].map(luminance);
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (contrast < 4.5) found.push(`${contrast.toFixed(1)}: ${element.localName} ${element.textContent.slice(0, 40)}`);
    }
    return found;
  });
}
