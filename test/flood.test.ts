import { expect, it } from 'vitest';
import { denied, Rig, rulesOf } from './support/timeline.ts';

/*
 * A hundred thousand forged sources, each on three hosts: the mailbox gets what the budget allows and not one mail more,
 * and every incident and every packet is in one of them.
 */
const SOURCES = 100_000;
const HOSTS = ['192.0.2.10', '192.0.2.11', '192.0.2.12'];
const HOUR_MS = 3_600_000;
const BUDGET = { perChannel: { mails: 20, perMs: HOUR_MS }, perSource: { mails: 4, perMs: HOUR_MS } };
const RULES = `rules:
  - id: probe
    watch: { hosts: 192.0.2.0/24, ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
`;

/** The most mails in any hour. */
function mostInAnHour(seconds: readonly number[]): number {
  return Math.max(
    ...seconds.map((from) => seconds.filter((at) => at >= from && at < from + HOUR_MS / 1_000).length),
  );
}

/** The number after a label in a digest. */
function field(text: string, label: string): number {
  return Number(new RegExp(`^  ${label}: +(?:at least )?(\\d+)`, 'm').exec(text)?.[1]);
}

async function flood(minutes: number): Promise<Rig> {
  const rig = new Rig(await rulesOf(RULES), BUDGET);
  rig.notifier.start();
  const steps = minutes * 60;
  for (let step = 0; step < steps; step++) {
    const [from, to] = [Math.floor((step * SOURCES) / steps), Math.floor(((step + 1) * SOURCES) / steps)];
    for (const host of HOSTS) {
      for (let i = from; i < to; i++)
        rig.receive(denied(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, host, 143)(rig.timers.now()));
    }
    await rig.pass(1_000, 1_000);
  }
  // Long enough for the last digest: everything is quiet by then.
  await rig.pass(2 * HOUR_MS, 10_000);
  return rig;
}

it('an hour and a half of it: at most the budget in any hour, and the counts of the mails add up', {
  timeout: 240_000,
}, async () => {
  const { channel } = await flood(90);
  const alone = channel.sent.filter(({ alert }) => alert.reason === 'first-sight');
  const digests = channel.sent.filter(({ alert }) => alert.reason === 'digest');
  expect(channel.sent.length).toBe(alone.length + digests.length);
  expect(mostInAnHour(channel.sent.map(({ second }) => second))).toBeLessThanOrEqual(BUDGET.perChannel.mails);
  expect(digests.length).toBeGreaterThan(1);
  const sum = (label: string) => digests.reduce((total, { alert }) => total + field(alert.text, label), 0);
  expect(sum('Incidents') + alone.length).toBe(SOURCES);
  expect(sum('Sources') + alone.length).toBe(SOURCES);
  expect(sum('Packets') + alone.length * HOSTS.length).toBe(SOURCES * HOSTS.length);
});

it('a minute of it: more than is told apart, and still every packet is counted', {
  timeout: 240_000,
}, async () => {
  const { channel } = await flood(1);
  const alone = channel.sent.filter(({ alert }) => alert.reason === 'first-sight');
  const digests = channel.sent.filter(({ alert }) => alert.reason === 'digest');
  expect(mostInAnHour(channel.sent.map(({ second }) => second))).toBeLessThanOrEqual(BUDGET.perChannel.mails);
  expect(digests.some(({ alert }) => alert.text.includes('at least 20000 incidents'))).toBe(true);
  const packets = digests.reduce((total, { alert }) => total + field(alert.text, 'Packets'), 0);
  expect(packets + alone.length * HOSTS.length).toBe(SOURCES * HOSTS.length);
});
