import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** Debian's. Where it is not installed, the tests that need it say so and are skipped. */
const CHROMIUM = '/usr/bin/chromium';

export const hasChromium = existsSync(CHROMIUM);
if (!hasChromium) console.warn(`no ${CHROMIUM}: the tests of the page in a browser are skipped`);

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** A browser with a fresh profile. */
export async function openBrowser(colorScheme: 'light' | 'dark' = 'light'): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'knockwatch-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    args: ARGS,
    viewport: { width: 1_360, height: 1_000 },
    colorScheme,
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    locale: 'en-GB',
  });
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** A page that remembers everything that went wrong in it: exceptions, refused content, failed requests. */
export async function openPage(browser: Browser, url: string): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`);
  });
  page.on('requestfailed', (request) => {
    // The page takes back questions whose answer it no longer needs.
    const because = request.failure()?.errorText;
    if (because !== 'net::ERR_ABORTED') faults.push(`request: ${request.url()} ${because}`);
  });
  await page.goto(url);
  return { page, faults };
}

/** Waits until a JavaScript expression is true in the page. The page's own policy forbids it to evaluate text, so it is asked from outside. */
export async function untilTrue(page: Page, expression: string, timeoutMs = 8_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await page.evaluate(expression)); ) {
    if (Date.now() > end) throw new Error(`it did not become true in time: ${expression}`);
    await page.waitForTimeout(30);
  }
}
