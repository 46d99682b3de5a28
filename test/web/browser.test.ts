import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, hasChromium, openBrowser, openPage, untilTrue } from '../support/browser.ts';
import { PageFixture } from '../support/page.ts';
import { officeRules, tellStory } from '../support/page-story.ts';
import { hosts, ports, rule, ruleSet } from '../support/rule-sets.ts';

const VIEWS = ['/', '/incidents', '/traffic', '/senders', '/rules', '/deliveries'];

/** Whether a payload ran, and every element that can only come from one. */
const FIND_FOREIGN = `({
  pwned: 'pwned' in globalThis,
  foreign: [...document.querySelectorAll('script, img, iframe, svg[onload], [onerror], a[href^="javascript"], base, form[action]')]
    .filter((element) => !element.matches('head > script[src="/main.js"], .brand > img[src="/icon.svg"]'))
    .map((element) => element.outerHTML),
})`;

let browser: Browser;
let fixture: PageFixture | undefined;
beforeAll(async () => {
  if (hasChromium) browser = await openBrowser();
}, 60_000);
afterAll(() => browser?.close());
afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

async function office(): Promise<PageFixture> {
  const page = new PageFixture(officeRules(), {
    startedAtMs: Date.now() - 3_600_000,
    expect: { '192.0.2.9': 60_000 },
  });
  fixture = page;
  await tellStory(page, 1, Date.now());
  await page.server.start();
  return page;
}

describe.runIf(hasChromium)('the page in a browser', () => {
  it('shows every view without a fault, and one leads to the other', async () => {
    const { url } = await office();
    const { page, faults } = await openPage(browser, url);
    await page.waitForSelector('.hit-grid');
    expect(await page.textContent('.verdict')).toContain('203.0.113.7 tried imap on 6 watched hosts');
    for (const name of ['Incidents', 'Traffic', 'Senders', 'Rules', 'Deliveries', 'Now']) {
      await page.click(`nav >> text=${name}`);
      await page.waitForSelector('.panel');
      expect(await page.textContent('nav [aria-current]')).toContain(name);
    }
    await page.click('.incidents.short .incident >> nth=0');
    await page.waitForSelector('.time-line');
    expect(await page.textContent('h1')).toBe('Probe: 203.0.113.7  tried imap on 6 watched hosts in 12 s');
    expect(await page.locator('.evidence li').count()).toBe(6);
    expect(await page.textContent('.story')).toContain('first mail about this source under this rule');
    await page.click('h1 a');
    await page.waitForSelector('text=What it wants');
    expect(new URL(page.url()).pathname).toBe('/sources/203.0.113.7');
    await page.goBack();
    await page.waitForSelector('.time-line');
    await page.goto(`${url}/senders`);
    await page.waitForSelector('td');
    expect(await page.textContent('main')).toContain('192.0.2.1 did not send 38 messages');
    expect(await page.textContent('tr:has-text("192.0.2.9")')).toContain('quiet');
    expect(faults).toEqual([]);
    await page.close();
  });

  it('shows a line and a lit cell within moments, without being asked', async () => {
    const page = await office();
    const { page: tab } = await openPage(browser, page.url);
    await tab.waitForSelector('.hit-grid');
    page.line(
      '<190>9: %SEC-6-IPACCESSLOGP: list 101 denied tcp 203.0.113.250(4242) -> 192.0.2.17(6379), 1 packet',
    );
    await tab.waitForSelector('.lines >> text=203.0.113.250(4242)', { timeout: 5_000 });
    await untilTrue(
      tab,
      "[...document.querySelectorAll('rect.cell title')].some(({ textContent }) => /^print .*redis 6379.* from 203.0.113.250$/.test(textContent))",
    );
    await tab.close();
  });

  it('says so when the daemon is gone, and recovers by itself', async () => {
    const first = await office();
    const { page } = await openPage(browser, first.url);
    await page.waitForSelector('.pulse-line.on');
    const { port } = new URL(first.url);
    await first.server.stop();
    await page.waitForSelector('.pulse-line.off', { timeout: 10_000 });
    const second = new PageFixture(officeRules(), { port: Number(port) });
    await second.server.start();
    await page.waitForSelector('.pulse-line.on', { timeout: 15_000 });
    await page.waitForSelector('text=Waiting for the first line.');
    await page.close();
    await second.close();
  }, 40_000);

  it('is used with the keyboard alone', async () => {
    const { url } = await office();
    const { page } = await openPage(browser, url);
    await page.waitForSelector('.hit-grid');
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.waitForSelector('.virtual .incident');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    const chosen = await page.getAttribute('.incident.selected', 'href');
    expect(chosen).toBe(await page.getAttribute('.virtual .incident >> nth=0', 'href'));
    await page.keyboard.press('Enter');
    await page.waitForSelector('.time-line');
    expect(new URL(page.url()).pathname).toBe(chosen);
    await page.keyboard.press('Escape');
    await page.waitForSelector('.virtual');
    await page.keyboard.press('/');
    await page.keyboard.type('telnet');
    await untilTrue(page, "location.search === '?text=telnet'");
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog[open]').count()).toBe(0);
    // The grid: arrows go from cell to cell, and what is under them is said.
    await page.goto(url);
    await page.focus('.hit-grid');
    await page.keyboard.press('ArrowRight');
    expect(await page.textContent('.grid-foot [aria-live]')).toMatch(
      /^backup \(192\.0\.2\.18\), .*: \d+ packets?, the last/,
    );
    // And every control can be reached with Tab.
    const reached = new Set<string>();
    for (let i = 0; i < 14; i++) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate<string>("document.activeElement?.tagName ?? ''"));
    }
    expect(reached).toContain('A');
    await page.close();
  });

  it('keeps its filters in the address', async () => {
    const { url } = await office();
    const { page } = await openPage(browser, `${url}/incidents?severity=high&state=open`);
    await page.waitForSelector('.virtual .incident');
    expect(await page.locator('.virtual .incident').count()).toBe(1);
    await page.selectOption('select[aria-label=state]', '');
    await untilTrue(page, "location.search === '?severity=high'");
    await page.reload();
    await page.waitForSelector('.virtual .incident');
    expect(await page.inputValue('select[aria-label=severity]')).toBe('high');
    await page.close();
  });

  it('is fast with ten thousand incidents', async () => {
    const page = new PageFixture(
      ruleSet([
        rule('first-sight', hosts('any'), ports('any'), { detect: [{ kind: 'any', by: ['source'] }] }),
      ]),
    );
    fixture = page;
    const startMs = Date.now();
    for (let i = 0; i < 10_000; i++)
      page.line(
        `<190>${i}: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.${i >> 8}.${i & 255}(4242) -> 192.0.2.${10 + (i % 3)}(143), 1 packet`,
        '192.0.2.1',
        startMs,
      );
    await page.server.start();
    const { page: tab, faults } = await openPage(browser, `${page.url}/incidents`);
    await tab.waitForSelector('.virtual .incident >> text=198.51.39.15');
    expect(await tab.textContent('.panel .note')).toBe('10,000 incidents');
    expect(await tab.locator('.virtual li').count()).toBeLessThan(60);

    const jumpedMs = Date.now();
    await tab.evaluate("document.querySelector('.virtual').scrollTop = 1e9");
    await tab.waitForSelector('.virtual .incident >> text=198.51.0.0');
    expect(Date.now() - jumpedMs).toBeLessThan(2_000);

    const typedMs = Date.now();
    await tab.fill('[data-search]', '198.51.7.7 ');
    await tab.fill('[data-search]', '198.51.7.77');
    await untilTrue(tab, "document.querySelectorAll('.virtual .incident').length === 1");
    expect(Date.now() - typedMs).toBeLessThan(2_000);

    // Whoever comes back from an incident is where he was.
    await tab.fill('[data-search]', '');
    await tab.waitForSelector('.virtual .incident >> text=198.51.39.15');
    await tab.evaluate("document.querySelector('.virtual').scrollTop = 200_000");
    await untilTrue(tab, "document.querySelectorAll('.virtual .incident:not(.loading)').length > 5");
    await tab.click('.virtual .incident:not(.loading) >> nth=12');
    await tab.waitForSelector('.incident-head');
    expect(await tab.evaluate('document.activeElement.id')).toBe('main');
    await tab.keyboard.press('Escape');
    await untilTrue(tab, "document.querySelector('.virtual')?.scrollTop === 200_000");

    // The head goes on beating while lines come in.
    const worstFrameMs = await tab.evaluate<number>(`(async () => {
      let worst = 0;
      let last = performance.now();
      for (const end = last + 2_500; performance.now() < end; ) {
        await new Promise(requestAnimationFrame);
        worst = Math.max(worst, performance.now() - last);
        last = performance.now();
      }
      return worst;
    })()`);
    expect(worstFrameMs).toBeLessThan(600);
    expect(faults).toEqual([]);
    await tab.close();
  }, 90_000);

  it('prints on white, without the controls, in full', async () => {
    const { url } = await office();
    const { page } = await openPage(browser, `${url}/incidents`);
    await page.waitForSelector('.virtual .incident');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    await sleep(200);
    expect(await page.locator('nav').isVisible()).toBe(false);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    const { total } = (await (await fetch(`${url}/api/incidents`)).json()) as { total: number };
    expect(await page.locator('.virtual .incident').count()).toBe(total);
    expect((await page.pdf()).length).toBeGreaterThan(5_000);
    await page.close();
  });
});

describe.runIf(hasChromium)('W5: what attackers write into logs stays text', () => {
  const PAYLOADS = [
    '<script>pwned=1</script>',
    '<img/src=x/onerror=pwned=1>',
    '"><svg/onload=pwned=1>',
    "'-pwned=1-'",
    'javascript:pwned=1',
    '</code><iframe/src=//evil.test>',
    '{{constructor.constructor("pwned=1")()}}',
    '$'.concat('{pwned=1}'),
  ];

  it('in every field that is logged', async () => {
    const rules = ruleSet([
      rule('first-sight', hosts('any'), ports('any'), {
        actions: ['denied', 'failed', 'allowed', 'unknown'],
        detect: [{ kind: 'any', by: ['source'] }],
      }),
    ]);
    const page = new PageFixture(rules);
    fixture = page;
    await page.server.start();
    for (const [i, bad] of PAYLOADS.entries()) {
      const source = `198.51.100.${10 + i}`;
      page.line(
        `<4>1 - ${bad.replaceAll(' ', '')} kernel - - - DROP${bad} IN=${bad} OUT= SRC=${source} DST=192.0.2.10 LEN=40 TOS=0x00 PREC=0x00 TTL=241 ID=1 PROTO=TCP SPT=1 DPT=143 WINDOW=1 RES=0x00 SYN URGP=0 ${bad}`,
      );
      page.line(
        `<190>1: ${bad}: %SEC-6-IPACCESSLOGP: list ${bad.replaceAll(' ', '')} denied tcp ${source}(1) -> 192.0.2.10(143), 1 packet ${bad}`,
      );
      page.line(`<38>${bad} sshd[7]: Failed password for invalid user ${bad} from ${source} port 22 ssh2`);
      page.line(`<13>${bad}`, '192.0.2.77');
      page.line(`<13>1 - ${bad.replaceAll(' ', '')} ${bad} - - - ${bad}`, bad);
    }
    const { rows } = (await (await fetch(`${page.url}/api/incidents`)).json()) as {
      rows: { id: string; sources: string[] }[];
    };
    expect(rows.length).toBeGreaterThan(3);
    const paths = [
      ...VIEWS,
      ...rows.slice(0, 8).map(({ id }) => `/incidents/${id}`),
      ...rows.slice(0, 2).map(({ sources }) => `/sources/${sources[0]}`),
      ...PAYLOADS.map((bad) => `/sources/${encodeURIComponent(bad)}`),
      ...PAYLOADS.map((bad) => `/incidents?text=${encodeURIComponent(bad)}`),
    ];
    const { page: tab, faults } = await openPage(browser, page.url);
    tab.on('dialog', (dialog) => faults.push(`dialog ${dialog.message()}`));
    let seen = '';
    for (const path of paths) {
      await tab.goto(page.url + path);
      await tab.waitForSelector('.panel, .empty');
      await sleep(150);
      seen += await tab.textContent('main');
      const found = await tab.evaluate<{ pwned: boolean; foreign: string[] }>(FIND_FOREIGN);
      expect({ path, ...found }).toEqual({ path, pwned: false, foreign: [] });
    }
    // They were there, as text.
    for (const bad of PAYLOADS) expect(seen).toContain(bad);
    expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
    await tab.close();
  }, 90_000);

  it('O3: what would turn text around or hide it is shown as an escape', async () => {
    const page = await office();
    page.line('<13>odd \u202egnp.exe\u202c \x1b[2J \u200bhidden');
    const { page: tab } = await openPage(browser, page.url);
    await tab.waitForSelector('.lines >> text=\\u202egnp.exe\\u202c \\x1b[2J \\u200bhidden');
    await tab.close();
  });
});
