import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, hasChromium, openBrowser, openPage, untilTrue } from '../support/browser.ts';
import { PageFixture } from '../support/page.ts';
import { officeRules, tellStory } from '../support/page-story.ts';
import { hosts, ports, rule, ruleSet } from '../support/rule-sets.ts';

/*
 * The page where there is little room, on paper, and where there is nothing to show: everything can be read all the same.
 */
let browser: Browser;
let fixture: PageFixture;
beforeAll(async () => {
  if (hasChromium) browser = await openBrowser();
}, 60_000);
afterAll(() => browser?.close());
afterEach(() => fixture?.close());

async function office(): Promise<PageFixture> {
  fixture = new PageFixture(officeRules(), {
    startedAtMs: Date.now() - 3_600_000,
    expect: { '192.0.2.9': 60_000 },
  });
  await tellStory(fixture, 1, Date.now());
  await fixture.server.start();
  return fixture;
}

const PHONE = { width: 390, height: 844 };

/** Texts whose box reaches over the right edge of the page, or is cut by an ellipsis. */
const cutOff = (page: Page, selector: string) =>
  page.evaluate<string[]>(
    `[...document.querySelectorAll(${JSON.stringify(selector)})]
      .filter((element) => element.getClientRects().length > 0)
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1 || element.scrollWidth > element.clientWidth + 1)
      .map((element) => element.textContent)`,
  );

describe.runIf(hasChromium)('the page on a telephone', () => {
  it('nothing is wider than the screen, and every place can be reached', async () => {
    const { url } = await office();
    const { rows } = (await (await fetch(`${url}/api/incidents?limit=1`)).json()) as {
      rows: { id: string; sources: string[] }[];
    };
    const { page, faults } = await openPage(browser, url);
    await page.setViewportSize(PHONE);
    for (const path of [
      ...['/', '/incidents', '/traffic', '/senders', '/rules', '/deliveries'],
      `/incidents/${rows[0]!.id}`,
      `/sources/${rows[0]!.sources[0]}`,
    ]) {
      await page.goto(url + path);
      await page.waitForSelector('.panel');
      await page.waitForTimeout(200);
      expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBe(PHONE.width);
      expect(await cutOff(page, 'nav a, .panel h2, td, td > div, .incident .say'), path).toEqual([]);
    }
    expect(faults).toEqual([]);
    await page.close();
  }, 60_000);

  it('a row of a table is a card: each value with its head', async () => {
    const { url } = await office();
    const { page } = await openPage(browser, url);
    await page.setViewportSize(PHONE);
    await page.goto(`${url}/senders`);
    const lost = page.locator('tr:has-text("192.0.2.1") td[data-head="Lost there"]').first();
    expect(await lost.textContent()).toBe('38');
    expect(
      await page.evaluate(
        `getComputedStyle(document.querySelector('td[data-head="Lost there"]'), '::before').content`,
      ),
    ).toBe('"Lost there"');
    await page.close();
  });

  it('says how severe an incident is in words, not by colour alone', async () => {
    const { url } = await office();
    const { page } = await openPage(browser, url);
    await page.setViewportSize(PHONE);
    await page.goto(`${url}/incidents`);
    await page.waitForSelector('.virtual .incident');
    expect(await page.locator('.virtual .incident .severity').first().isVisible()).toBe(true);
    await page.keyboard.press('j');
    const [first, second] = await page
      .locator('.virtual li')
      .evaluateAll((rows) => rows.slice(0, 2).map((row) => row.getBoundingClientRect().top));
    expect(second! - first!).toBe(84);
    await page.close();
  });
});

describe.runIf(hasChromium)('the grid', () => {
  it('leaves out ports that nobody touched where there is no room for all, and says so', async () => {
    fixture = new PageFixture(
      ruleSet([
        rule('many', hosts('192.0.2.10'), ports(...Array.from({ length: 40 }, (_, i) => 5_000 + i)), {
          detect: [{ kind: 'any', by: ['source'] }],
        }),
      ]),
    );
    fixture.line(
      '<190>9: %SEC-6-IPACCESSLOGP: list 101 denied tcp 203.0.113.250(4242) -> 192.0.2.10(5039), 1 packet',
    );
    await fixture.server.start();
    const { page } = await openPage(browser, fixture.url);
    await page.waitForSelector('.hit-grid');
    await page.setViewportSize({ width: 390, height: 844 });
    await untilTrue(
      page,
      "document.querySelectorAll('.grid-head text').length < 15 && /^\\d+ watched ports nobody touched, not drawn$/.test(document.querySelector('.grid-foot span').textContent)",
    );
    const heads = await page.locator('.grid-head text').allTextContents();
    expect(heads.at(-1)).toContain('5039');
    // The cell is where its column is.
    const [column, cell] = await page.evaluate<number[]>(
      "[document.querySelectorAll('.grid-head text').length - 1, Math.round((document.querySelector('a > rect.cell').x.baseVal.value - document.querySelector('rect.dark').x.baseVal.value) / (document.querySelector('rect.dark').width.baseVal.value / document.querySelectorAll('.grid-head text').length))]",
    );
    expect(cell).toBe(column);
    await page.setViewportSize({ width: 1_080, height: 1_000 });
    await untilTrue(page, "document.querySelectorAll('.grid-head text').length === 40");
    await page.close();
  });
});

describe.runIf(hasChromium)('the grid of hundreds of hosts', () => {
  it('keeps the cell that the keyboard is on in sight, and on it when others come', async () => {
    fixture = new PageFixture(
      ruleSet([rule('sweep', hosts('any'), ports(143), { detect: [{ kind: 'any', by: ['source'] }] })]),
    );
    const knock = (host: string) =>
      fixture.line(
        `<190>9: %SEC-6-IPACCESSLOGP: list 101 denied tcp 203.0.113.250(4242) -> ${host}(143), 1 packet`,
      );
    for (let i = 1; i <= 200; i++) knock(`192.0.2.${i}`);
    await fixture.server.start();
    const { page } = await openPage(browser, fixture.url);
    await page.waitForSelector('.hit-grid a');
    expect(await page.locator('.hit-grid a').count()).toBe(200);
    await page.focus('.hit-grid');
    await page.keyboard.press('ArrowUp');
    const said = '.grid-foot [aria-live]';
    await untilTrue(
      page,
      `document.querySelector('${said}').textContent.startsWith('192.0.2.200, imap 143')`,
    );
    expect(
      await page.evaluate<boolean>(`(() => {
        const box = document.querySelector('.grid-scroll').getBoundingClientRect();
        const cell = document.querySelector('.cell.focused').getBoundingClientRect();
        return cell.top >= box.top && cell.bottom <= box.bottom;
      })()`),
    ).toBe(true);
    knock('192.0.1.1');
    await untilTrue(page, "document.querySelectorAll('.hit-grid a').length === 201");
    expect(await page.textContent(said)).toMatch(/^192\.0\.2\.200, imap 143/);
    await page.close();
  });
});

describe.runIf(hasChromium)('the page on paper', () => {
  it('every column of a table is on it, and a few of the last lines', async () => {
    const { url } = await office();
    const { page } = await openPage(browser, `${url}/senders`);
    // A4 without its margins.
    await page.setViewportSize({ width: 718, height: 1_000 });
    await page.waitForSelector('td');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('th').last().textContent()).toBe('Clock');
    expect(await cutOff(page, 'th, td')).toEqual([]);
    await page.goto(url);
    await page.waitForSelector('.lines li');
    expect(await page.locator('.lines li:visible').count()).toBeLessThanOrEqual(12);
    await page.close();
  });

  it('a list that is longer than what was loaded says so', async () => {
    fixture = new PageFixture(
      ruleSet([
        rule('first-sight', hosts('any'), ports('any'), { detect: [{ kind: 'any', by: ['source'] }] }),
      ]),
    );
    for (let i = 0; i < 250; i++)
      fixture.line(
        `<190>${i}: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.${i}(4242) -> 192.0.2.10(143), 1 packet`,
      );
    await fixture.server.start();
    const { page } = await openPage(browser, `${fixture.url}/incidents`);
    await page.waitForSelector('.virtual .incident >> text=198.51.100.249');
    await page.emulateMedia({ media: 'print' });
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    await page.waitForSelector('.virtual .note');
    expect(await page.textContent('.virtual .note')).toContain('100 of 250');
    expect(await page.locator('.virtual .incident').count()).toBe(100);
    expect(await page.locator('.virtual .loading').count()).toBe(0);
    await page.close();
  });
});

describe.runIf(hasChromium)('the page with nothing to show', () => {
  it('says where it listens and what to try', async () => {
    fixture = new PageFixture(officeRules());
    await fixture.server.start();
    const { page, faults } = await openPage(browser, fixture.url);
    await page.waitForSelector('.figures');
    expect(await page.textContent('.verdict')).toContain('Nothing came yet on udp [::]:5514');
    expect(await page.textContent('.verdict')).toContain('knockwatch self-test');
    expect(await page.textContent('.figures')).not.toContain('all well');
    await page.goto(`${fixture.url}/senders`);
    await page.waitForSelector('text=knockwatch router');
    expect(faults).toEqual([]);
    await page.goto(`${fixture.url}/incidents/ffff`);
    await page.waitForSelector('text=knockwatch incidents ffff');
    await page.close();
  });
});

describe('the colours', () => {
  const css = readFileSync(resolve(import.meta.dirname, '../../src/web/page/page.css'), 'utf8');
  const [light, dark] = css.split('@media (prefers-color-scheme: dark)');
  const colours = (part: string) =>
    Object.fromEntries(
      [...part.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name, hex!]),
    );
  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const contrast = (a: string, b: string) => {
    const [x, y] = [luminance(a), luminance(b)];
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };

  // WCAG 2.2, 1.4.3: text wants 4.5.
  it.each([
    ['light', colours(light!)],
    ['dark', colours(dark!.split('@media')[0]!)],
  ])('of text can be read, %s', (_, scheme) => {
    const names = 'text muted faint accent link good bad low medium high critical'.split(' ');
    for (const name of names)
      for (const ground of ['panel', 'bg'])
        expect(contrast(scheme[name]!, scheme[ground]!), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    // The numbers in the cells of the grid.
    const ink = { ink: '#1a1208', ...scheme } as Record<string, string>;
    for (const [number, cell] of [
      ['text', 'lit-0'],
      ['ink-1', 'lit-1'],
      ['ink', 'lit-2'],
      ['ink', 'lit-3'],
      ['ink-4', 'lit-4'],
    ] as const)
      expect(contrast(ink[number]!, ink[cell]!), `${number} on ${cell}`).toBeGreaterThanOrEqual(4.5);
  });
});
