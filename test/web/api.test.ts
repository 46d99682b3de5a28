import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IncidentDetail, IncidentPage } from '../../src/web/incident-rows.ts';
import type {
  DeliveryTable,
  Overview,
  PageGrid,
  RuleRow,
  SourceStory,
  Traffic,
} from '../../src/web/source.ts';
import { ask } from '../support/http.ts';
import { PageFixture } from '../support/page.ts';
import { officeRules, tellStory } from '../support/page-story.ts';

let page: PageFixture;
beforeAll(async () => {
  page = new PageFixture(officeRules(), { startedAtMs: Date.now() - 3_600_000 });
  await tellStory(page, 1, Date.now());
  await page.server.start();
});
afterAll(() => page.close());

async function get<T>(path: string): Promise<T> {
  const { status, body } = await ask(page.url, `/api/${path}`);
  expect(status).toBe(200);
  return JSON.parse(body) as T;
}

describe('the JSON the page reads', () => {
  it('overview: what came in adds up', async () => {
    const { totals, openIncidents, openBySeverity, recentLines, faults, ready } =
      await get<Overview>('overview');
    expect(ready).toBe(true);
    expect(faults).toEqual([]);
    expect(totals.lines).toBeGreaterThan(1_000);
    expect(totals.hits).toBeLessThan(totals.attempts);
    expect(openIncidents).toBe(Object.values(openBySeverity).reduce((sum, n) => sum + n, 0));
    expect(recentLines).toHaveLength(299);
  });

  it('incidents, one of them in full, and its source', async () => {
    const { rows, total, of } = await get<IncidentPage>('incidents?source=203.0.113.7');
    expect({ total, more: of > total }).toEqual({ total: 1, more: true });
    const detail = await get<IncidentDetail>(`incidents/${rows[0]!.id}`);
    expect(detail).toMatchObject({
      word: 'Probe',
      headline: '203.0.113.7 tried imap on 6 watched hosts in 12 s',
      condition: 'Rule classic-probe calls 3 hosts in 60 s a probe.',
      complete: true,
      lineCount: 6,
      mails: 1,
      told: 'first-sight',
    });
    expect(detail.targets.map(({ name }) => name)).toEqual(['lisa', 'ns1', 'ns2', 'dmz-web', 'mail', 'vpn']);
    expect(detail.story.map(({ kind }) => kind)).toEqual(['opened', 'settled', 'decision', 'delivery']);

    const story = await get<SourceStory>('sources/203.0.113.7');
    expect(story).toMatchObject({ kind: 'documentation', attempts: 6, incidents: [{ id: detail.id }] });
    expect(story.hits).toHaveLength(6);
    expect(story.hits[0]).toMatchObject({
      name: 'vpn',
      service: 'imap',
      action: 'denied',
      rule: 'classic-probe',
    });
  });

  it('grid: the cells of an open incident know it', async () => {
    const { hosts, ports, cells } = await get<PageGrid>('grid');
    const imap = ports.findIndex(({ port }) => port === 143);
    const marked = cells.filter(({ port, severity }) => port === imap && severity === 'high');
    expect(marked.map(({ host }) => hosts[host]!.name)).toEqual([
      'dmz-web',
      'lisa',
      'mail',
      'ns1',
      'ns2',
      'vpn',
    ]);
  });

  it('traffic: every series is as long as its times', async () => {
    const { times, lines, attempts, hits, topTimes, ports, sources } = await get<Traffic>('traffic?hours=1');
    for (const series of [lines, attempts, hits]) expect(series).toHaveLength(times.length);
    for (const { counts, total } of [...ports, ...sources]) {
      expect(counts).toHaveLength(topTimes.length);
      expect(counts.reduce((sum, n) => sum + n, 0)).toBe(total);
    }
    expect(ports[0]!.label).toBe('telnet 23/tcp');
  });

  it('rules and deliveries', async () => {
    const [probe] = await get<RuleRow[]>('rules');
    expect(probe).toMatchObject({
      id: 'classic-probe',
      conditions: ['Rule classic-probe calls 3 hosts in 60 s a probe.'],
    });
    expect(probe!.watches).toMatch(/^http, netbios-ssn, imap, login on lisa, ns1, ns2/);
    expect(probe!.hits).toBeGreaterThan(5);
    const { tries, decisions, recent, dead, waiting } = await get<DeliveryTable>('deliveries');
    expect({ dead, waiting }).toEqual({ dead: [], waiting: [] });
    expect(tries[0]).toMatchObject({ outcome: 'delivered', channel: 'mail' });
    expect(decisions.find(({ reason }) => reason === 'first-sight')).toMatchObject({ sent: true });
    expect(recent[0]!.atMs).toBeGreaterThanOrEqual(recent.at(-1)!.atMs);
  });

  it('lines: only those after the one that is named', async () => {
    const all = await get<{ id: number }[]>('lines');
    const last = await get<{ id: number }[]>(`lines?after=${all.at(-3)!.id}`);
    expect(last.map(({ id }) => id)).toEqual(all.slice(-2).map(({ id }) => id));
  });
});
