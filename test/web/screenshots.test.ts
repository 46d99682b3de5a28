import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { renderAlert } from '../../src/notify/render.ts';
import { type Browser, hasChromium, openBrowser, openPage } from '../support/browser.ts';
import { context, incident } from '../support/notify.ts';
import { PageFixture } from '../support/page.ts';
import { chatter, officeRules, tellStory } from '../support/page-story.ts';

/*
 * The pictures in the documentation. Written only when asked for: KNOCKWATCH_SCREENSHOTS=1 npx vitest run test/web/screenshots.test.ts
 */
const wanted = process.env['KNOCKWATCH_SCREENSHOTS'] === '1';
const IMAGES = resolve(import.meta.dirname, '../../docs/images');

describe.runIf(wanted && hasChromium)('pictures for the documentation', () => {
  it('the page, light and dark', async () => {
    mkdirSync(IMAGES, { recursive: true });
    const endMs = Date.now();
    const startedAtMs = endMs - 6 * 3_600_000;
    const fixture = new PageFixture(officeRules(), {
      startedAtMs,
      expect: { '192.0.2.1': 900_000, '192.0.2.9': 900_000 },
    });
    await tellStory(fixture, 6, endMs);
    await fixture.server.start();
    const timer = setInterval(() => {
      fixture.to(Date.now());
      chatter(fixture, Date.now());
    }, 500);
    try {
      for (const scheme of ['light', 'dark'] as const) {
        const browser = await openBrowser(scheme);
        await new Promise((resolve) => setTimeout(resolve, 6_000));
        await picture(browser, fixture.url, `page-${scheme}`, '.hit-grid');
        if (scheme === 'light') {
          const answer = await fetch(`${fixture.url}/api/incidents?source=203.0.113.7`);
          const { rows } = (await answer.json()) as { rows: { id: string }[] };
          await picture(browser, `${fixture.url}/incidents/${rows[0]!.id}`, 'page-incident', '.time-line');
          await picture(browser, `${fixture.url}/traffic`, 'page-traffic', '.uplot');
          await picture(browser, `${fixture.url}/senders`, 'page-senders', 'td');
        }
        await browser.close();
      }
    } finally {
      clearInterval(timer);
      await fixture.close();
    }
  }, 120_000);

  it('the mail', async () => {
    const { html, subject } = renderAlert(incident(), context({ hostName: 'collector' }));
    const file = resolve(IMAGES, 'mail.html');
    mkdirSync(IMAGES, { recursive: true });
    writeFileSync(
      file,
      html.replace(/<body[^>]*>/, (body) => body + headOfMail(subject)),
    );
    const browser = await openBrowser();
    const { page } = await openPage(browser, pathToFileURL(file).href);
    await page.setViewportSize({ width: 900, height: 600 });
    await page.screenshot({ path: resolve(IMAGES, 'mail.png'), fullPage: true });
    await browser.close();
    rmSync(file);
  }, 60_000);
});

/** What mail programs show above a mail. */
function headOfMail(subject: string): string {
  const line = (name: string, value: string) => `<div><b style="color:#667">${name}</b> ${value}</div>`;
  return `<div style="font:15px/1.6 sans-serif;background:#f1f3f6;border-bottom:1px solid #d5dae0;margin:-8px -8px 18px;padding:14px 34px">
    <div style="font-size:18px;font-weight:600">${subject}</div>
    ${line('From', 'knockwatch &lt;knockwatch@example.net&gt;')}${line('To', 'noc@example.net')}</div>`;
}

async function picture(browser: Browser, url: string, name: string, ready: string): Promise<void> {
  const { page, faults } = await openPage(browser, url);
  await page.waitForSelector(ready);
  await page.waitForTimeout(1_500);
  await page.screenshot({ path: resolve(IMAGES, `${name}.png`) });
  expect(faults).toEqual([]);
  await page.close();
}
