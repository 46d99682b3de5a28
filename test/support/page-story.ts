import type { RuleSet } from '../../src/rule.ts';
import type { PageFixture } from './page.ts';
import { hosts, ports, rule, ruleSet } from './rule-sets.ts';

const NAMES = [
  'lisa',
  'ns1',
  'ns2',
  'dmz-web',
  'mail',
  'vpn',
  'git',
  'print',
  'backup',
  'camera',
  'door',
  'lab',
];
const addressOf = (name: string) => `192.0.2.${10 + NAMES.indexOf(name)}`;

/** Three rules over a small office, as a site would write them. */
export function officeRules(): RuleSet {
  const addresses = NAMES.map(addressOf);
  return ruleSet(
    [
      rule('classic-probe', hosts(...addresses), ports(80, 139, 143, 513), {
        title: 'Same port on three hosts',
        severity: 'high',
        detect: [{ kind: 'address-scan', hosts: 3, withinMs: 60_000, by: ['source', 'port'] }],
      }),
      rule('admin-sweep', hosts(...addresses), ports(22, 23, 445, 1433, 3306, 3389, 5900, 6379), {
        title: 'Administration port on five hosts',
        severity: 'medium',
        detect: [{ kind: 'address-scan', hosts: 5, withinMs: 60_000, by: ['source', 'port'] }],
      }),
      rule('port-scan', hosts(...addresses), ports('any'), {
        title: 'Fifteen ports on one host',
        severity: 'medium',
        detect: [{ kind: 'port-scan', ports: 15, withinMs: 60_000, by: ['source', 'host'] }],
      }),
    ],
    { names: new Map(NAMES.map((name) => [addressOf(name), name])) },
  );
}

/** The same numbers on every run. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

let sequence = 100;
const ios = (source: string, host: string, port: number) =>
  `<190>${++sequence}: %SEC-6-IPACCESSLOGP: list 101 denied tcp ${source}(${1_024 + ((sequence * 7_919) % 60_000)}) -> ${host}(${port}), 1 packet`;
const netfilter = (source: string, host: string, port: number, atMs: number) =>
  `<4>1 ${new Date(atMs).toISOString()} fw2 kernel - - - DROP IN=eth0 OUT= SRC=${source} DST=${host} LEN=40 TOS=0x00 PREC=0x00 TTL=241 ID=${(sequence * 31) % 65_536} PROTO=TCP SPT=${1_024 + ((sequence * 104_729) % 60_000)} DPT=${port} WINDOW=1024 RES=0x00 SYN URGP=0`;

/** What goes on on an ordinary day: to be told every half second. */
export function chatter(page: PageFixture, atMs: number, roll = dice(atMs)): void {
  for (let i = 0; i < 6; i++) {
    const known = roll(12) === 0;
    const host = known ? addressOf(NAMES[roll(12)]!) : `192.0.2.${100 + roll(100)}`;
    page.line(
      netfilter(`198.51.100.${1 + roll(40)}`, host, [23, 22, 445, 3_389, 6_379][roll(5)]!, atMs),
      '192.0.2.2',
      atMs,
    );
  }
}

/** Some hours of an ordinary perimeter, ending at `endMs` with a probe that is still going on. */
export async function tellStory(page: PageFixture, hours: number, endMs: number): Promise<void> {
  const roll = dice(7);
  const wanted = [23, 23, 23, 22, 22, 445, 445, 3389, 80, 443, 8_080, 6_379, 5_900, 1_433, 3_306, 143];
  const startMs = endMs - hours * 3_600_000;
  for (let second = 0; second < hours * 3_600; second += 4) {
    const atMs = startMs + second * 1_000;
    page.to(atMs);
    // Mails go out meanwhile.
    if (second % 120 === 0) await new Promise(setImmediate);
    const busy = 1 + roll(3) + (second % 3_600 < 900 ? 2 : 0);
    for (let i = 0; i < busy; i++) {
      const source = `198.51.100.${1 + (roll(6) === 0 ? roll(250) : roll(12))}`;
      // Most of it is for addresses where nobody lives.
      const host =
        roll(10) < 9 ? `192.0.2.${100 + roll(100)}` : addressOf(NAMES[roll(roll(3) === 0 ? 12 : 6)]!);
      const port = wanted[roll(wanted.length)]!;
      if (roll(2) === 0) page.line(ios(source, host, port), '192.0.2.1', atMs + i * 40);
      else page.line(netfilter(source, host, port, atMs + i * 40), '192.0.2.2', atMs + i * 40);
    }
    if (second % 1_860 === 60)
      sweep(page, `203.0.113.${20 + roll(60)}`, [143, 23, 3389, 445, 513][roll(5)]!, atMs);
    if (second % 40 === 0)
      page.line(
        `<189>${++sequence}: %SYS-5-CONFIG_I: Configured from console by vty0 (192.0.2.200)`,
        '192.0.2.1',
        atMs + 300,
      );
    if (second % 600 === 8)
      page.line(
        '<30>1 2026-01-24T17:00:00Z ap7 hostapd - - - wlan0: STA 02:00:5e:10:00:07 IEEE 802.11: associated',
        '192.0.2.7',
        atMs + 400,
      );
  }
  page.line(
    `<190>${++sequence}: %SEC-6-IPACCESSLOGRL: access-list logging rate-limited or missed 38 packets`,
    '192.0.2.1',
    endMs - 30_000,
  );
  for (let port = 1; port <= 24; port++)
    page.line(
      netfilter('198.51.100.77', addressOf('vpn'), 20 + port, endMs - 25_000 + port * 120),
      '192.0.2.2',
      endMs - 25_000 + port * 120,
    );
  sweep(page, '203.0.113.7', 143, endMs - 16_000, 6);
  page.to(endMs);
}

/** One port on hosts one after the other. */
function sweep(page: PageFixture, source: string, port: number, atMs: number, count = 9): void {
  for (const [i, name] of NAMES.slice(0, count).entries())
    page.line(ios(source, addressOf(name), port), '192.0.2.1', atMs + i * 2_300);
}
