import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalIp } from '../../src/lib/ip.ts';
import { protocolOf } from '../../src/lib/protocols.ts';
import {
  CORPORA,
  crowdsecResults,
  type Facts,
  factsOf,
  factsOfCrowdsec,
  hasCorpora,
  linesOf,
  parseLine,
  withoutUndefined,
} from '../support/corpora.ts';

interface Difference {
  readonly facts: Facts;
  readonly because: string;
}

const HEAD_ONLY: Difference = {
  facts: { outcome: 'malformed' },
  because: 'a decoder comment: the line is abbreviated to its first fields',
};

/** crowdsec's grammar knows only DROP and REJECT, and only lines with IN=; the packets are whole all the same. */
function proxmox(action: string, from: string, to: string): Difference {
  const [source = '', sourcePort] = from.split(' ');
  const [destination = '', destinationPort] = to.split(' ');
  return {
    facts: {
      ...{ outcome: 'attempt', action, transport: 'tcp', source, sourcePort: Number(sourcePort) },
      ...{ destination, destinationPort: Number(destinationPort) },
    },
    because: 'their grammar looks for denied packets on the way in; this one is another, and whole',
  };
}

/** Where our reading differs from what the corpus expects, or from the plain reading below: what it is and why. */
const DIFFERENCES: ReadonlyMap<string, Difference> = new Map<string, Difference>([
  ['proxmox-iptables.log:2', proxmox('allowed', '10.3.95.34 56386', '10.3.94.12 8006')],
  ['proxmox-iptables.log:5', proxmox('allowed', '10.3.95.34 43506', '10.3.95.200 3306')],
  ['proxmox-iptables.log:7', proxmox('denied', '10.3.95.200 51348', '10.3.95.10 22')],
  ['proxmox-iptables.log:8', proxmox('denied', '10.3.94.12 49566', '10.3.94.10 22')],
  ['proxmox-iptables.log:9', proxmox('unknown', '10.3.95.34 51606', '10.3.95.200 22')],
  [
    'unifi-logs.log:4',
    {
      facts: { outcome: 'attempt', action: 'failed', source: '192.168.1.2', sourcePort: 5454 },
      because: 'a line of sshd: no packet, but a login that its own parser reads',
    },
  ],
  ...['0140-kernel.log', 'decoder-comment-samples.log'].flatMap((file) =>
    [1, 2, 3].map((n) => [`${file}:${n}`, HEAD_ONLY] as const),
  ),
]);

/** What prefix each file's rules log with, and what became of the packet. */
const ACTIONS: readonly (readonly [RegExp, string])[] = [
  [/\bICMP IN=/, 'unknown'],
  [
    /(?:BLOCK\]|DROP|REJECT|DROP INVALID|DROP-DEFLT|DROP-DEFAULT|DROP\(src wan\)|-D-\d+\].*|-reject):? ?(?:IN|OUT)=/,
    'denied',
  ],
  [/(?:ACCEPT|ACC-TCP|ACC-RELATED|-A\]|-A-\d+\].*):? ?IN=/, 'allowed'],
];

/** A second way to read a line: the first of each key outside brackets. Right for every line that holds no trap. */
function plainReading(line: string): Facts {
  const outer = line.replace(/ \[SRC=.*$/, '');
  const field = (key: string) => new RegExp(` ${key}=(\\S*)`).exec(outer)?.[1];
  const source = canonicalIp(field('SRC') ?? '');
  if (source === undefined) return { outcome: 'malformed' };
  const { transport, protocolNumber } = protocolOf(field('PROTO') ?? '');
  return withoutUndefined({
    outcome: 'attempt',
    action: ACTIONS.find(([prefix]) => prefix.test(line))?.[1] ?? 'unknown',
    transport: transport ?? String(protocolNumber),
    source,
    destination: canonicalIp(field('DST') ?? ''),
    sourcePort: field('SPT') === undefined ? undefined : Number(field('SPT')),
    destinationPort: field('DPT') === undefined ? undefined : Number(field('DPT')),
  });
}

interface Case {
  readonly where: string;
  readonly line: string;
  readonly expected: Partial<Facts>;
}

function check(cases: readonly Case[]): void {
  expect(cases.length).toBeGreaterThan(0);
  const wrong = cases.flatMap(({ where, line, expected }) => {
    const got = factsOf(parseLine(line));
    const wanted = DIFFERENCES.get(where.slice(where.lastIndexOf('/') + 1))?.facts ?? expected;
    const same = Object.entries(wanted).every(([key, value]) => got[key as keyof Facts] === value);
    return same ? [] : [{ where, got, wanted }];
  });
  expect(wrong).toEqual([]);
}

function plainCases(file: string): Case[] {
  return linesOf(file).flatMap((line, i) =>
    /(?:IN|OUT)=/.test(line) ? [{ where: `${file}:${i + 1}`, line, expected: plainReading(line) }] : [],
  );
}

function crowdsecCases(folder: string, file: string, stage: string, parser: string): Case[] {
  const path = `crowdsec-hub/${folder}/${file}`;
  const results = crowdsecResults(folder, stage, parser);
  return linesOf(path).flatMap((line, i) =>
    line === '' ? [] : [{ where: `${path}:${i + 1}`, line, expected: factsOfCrowdsec(results[i]!) }],
  );
}

describe.runIf(hasCorpora)('public netfilter lines', () => {
  it('crowdsec iptables-logs', () =>
    check(crowdsecCases('iptables-logs', 'iptables-logs.log', 's01-parse', 'crowdsecurity/iptables-logs')));

  it('crowdsec unifi-logs', () =>
    check(crowdsecCases('unifi-logs', 'unifi-logs.log', 's01-parse', 'crowdsecurity/iptables-logs')));

  it('crowdsec proxmox-iptables-logs', () =>
    check(
      crowdsecCases(
        'proxmox-iptables-logs',
        'proxmox-iptables.log',
        's01-parse',
        'aderumier/proxmox-iptables-logs',
      ),
    ));

  it('crowdsec iptables-scan-multi-port: what is only audited is not denied', () => {
    const cases = plainCases('crowdsec-hub/iptables-scan-multi-port/iptables-scan-multi-port.log');
    check(cases);
    const facts = cases.map(({ line }) => factsOf(parseLine(line)));
    const actions = (source: string) =>
      new Set(facts.filter((f) => f.source === source).map((f) => f.action));
    expect(actions('127.0.0.1')).toEqual(new Set(['unknown']));
    expect(actions('127.0.0.2')).toEqual(new Set(['denied']));
    // These lines have no prefix; crowdsec takes every iptables line for a drop, here the site says so.
    expect(actions('62.34.17.168')).toEqual(new Set(['unknown']));
  });

  it.each([
    'crowdsec-hub/iptables-logs/iptables-logs.log',
    'crowdsec-hub/unifi-logs/unifi-logs.log',
    'crowdsec-hub/proxmox-iptables-logs/proxmox-iptables.log',
    'wazuh-ruleset/decoder-comment-samples/0140-kernel.log',
    'ossec/decoder-comment-samples.log',
  ])('%s, read plainly', (file) => check(plainCases(file).filter(({ line }) => !/XX=/.test(line))));

  it.each(['sc4s/lines.jsonl', 'logstash-patterns/messages.jsonl'])('%s', (file) => {
    const cases = linesOf(file).flatMap((json, i) => {
      if (!/\b(?:IN|OUT)=\w* /.test(json)) return [];
      const record = JSON.parse(json);
      const line: string = record.line ?? record.message;
      return [{ where: `${file}:${i + 1}`, line, expected: plainReading(line) }];
    });
    check(cases);
  });

  it('takes nothing that is no packet for one', () => {
    for (const file of ['wazuh-ruleset/log-entries/kernel', 'wazuh-ruleset/tests/firewalld.ini']) {
      for (const line of linesOf(file))
        expect(parseLine(line.replace(/^log \d+ \w+ = /, ''))).toBeUndefined();
    }
  });
});

describe.runIf(hasCorpora)('psad: recordings of nmap', () => {
  const files = hasCorpora ? readdirSync(`${CORPORA}/psad`).filter((name) => name !== 'SOURCE.txt') : [];

  it.each(files)('%s', (file) => check(plainCases(`psad/${file}`)));

  it.each(files)('%s: every line is a packet', (file) => {
    const lines = linesOf(`psad/${file}`).filter((line) => line !== '');
    expect(lines.filter((line) => parseLine(line)?.kind !== 'attempt')).toEqual([]);
  });

  it.each([
    ['fin_scan_1000_1150', 'FIN', 1000, 1150],
    ['syn_scan_1000_1500', 'SYN', 1000, 1500],
    ['udp_scan_1000_1150', undefined, 1000, 1150],
  ])('%s: flags and ports are the ones in its name', (file, flag, from, to) => {
    const ports = new Set<number>();
    for (const line of linesOf(`psad/${file}`)) {
      const result = line === '' ? undefined : parseLine(line);
      if (result?.kind !== 'attempt') continue;
      expect(result.attempt.tcpFlags).toEqual(flag === undefined ? undefined : [flag]);
      ports.add(result.attempt.destination.port ?? -1);
    }
    expect([Math.min(...ports), Math.max(...ports), ports.size]).toEqual([from, to, to - from + 1]);
  });
});
