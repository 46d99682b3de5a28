import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalIp } from '../../src/lib/ip.ts';
import { parse, registrations } from '../../src/parse/index.ts';
import type { ParseResult } from '../../src/parse/parser.ts';
import { bareMessage } from '../support/bare-message.ts';
import { costMs } from '../support/cpu-time.ts';
import { decodeLine } from '../support/decode-line.ts';
import { readLineFixtures } from '../support/line-fixtures.ts';

const OPTIONS = { prefixes: [{ prefix: 'DROP', action: 'denied' as const }] };
const LARGEST_LINE = 64 * 1024;

const NETFILTER =
  'LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=TCP SPT=1 DPT=143 WINDOW=1 RES=0x00 SYN URGP=0 ';
const FILTERLOG =
  '5,,,1000000103,em0,match,block,in,4,0x0,,64,600,0,none,6,tcp,40,203.0.113.2,192.0.2.15,1,79,0,S,1,,1024,,';

/** Texts that make careless patterns slow, and beginnings that lead every parser into them. */
const REPEATED = [
  ...[' ', '=', '[', ']', '(', ')', '((', '"', ':', ',', '.', '%', '<1>', '\t', 'é', '\u0000', '\ud800'],
  ...[
    'SRC=',
    'IN=',
    'OUT=',
    ' IN= OUT=',
    'IN=a OUT=b ',
    'IN=a OUT=b SRC=1.1.1.1 DST=2.2.2.2 ',
    '1.1.1.1.',
    '1:',
    '::',
  ],
  ...[
    'PROTO=',
    'kernel:',
    'kernel: ',
    'MAC=00:',
    'PHYSIN=',
    'DF ',
    'OPT ( ',
    'FRAG:1 ',
    'AE ',
    '[SRC=',
    ' [1] ',
    'RES= ',
  ],
  ...[
    'rule ',
    'rule 1.',
    'rule 1/',
    'rule 1/0(match) [uid 1] ',
    ' > ',
    'a.b > c.d: ',
    'Flags [S',
    ' win 1',
    '-',
    'a-',
    'A_',
  ],
  ...['filterlog', 'filterlog,', ',,', '1,', '0-', 'DROP ', 'IN_public_', 'Shorewall:', 'x-1-'],
  ...['1, ', ' src=', '|', '1.1.1.1/', ' K-S', ' (frag '],
];
const BEGINNINGS = [
  ...['', 'kernel: ', 'kernel: IN=eth0 OUT= ', 'kernel: IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 '],
  `kernel: IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 ${NETFILTER}`,
  'kernel: IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=1 TOS=0 PREC=0 TTL=1 ID=1 PROTO=ICMP TYPE=3 CODE=3 [',
  ...['filterlog: ', 'filterlog: 5,,,', `filterlog: ${FILTERLOG}`],
  ...['rule 1', 'rule 5/0(match): block in on em0: ', 'rule 5/0(match): block in on em0: (tos 0x0, '],
  'rule 5/0(match): block in on em0: 203.0.113.9.1 > 192.0.2.10.2: ',
  ...['ipfw: 1 Deny ', 'ipfw: 1 Forward to ', 'ipfw: 1 Deny TCP 203.0.113.9:1 192.0.2.10:2 in via em0'],
  ...['ipmon[1]: 03:00:00.000001 em0 @0:1 b ', '23/11/2026 03:00:00.000001 em0 @0:1 b '],
  'ipmon[1]: 03:00:00.000001 em0 @0:1 b 203.0.113.9 -> 192.0.2.10 PR icmp len 20 56 icmp unreach/port for ',
  ...['#Fields: date time action src-ip dst-ip ', '2026-11-23 03:00:00 DROP TCP '],
  ...['scanlogd: 203.0.113.9 to 192.0.2.10 ports ', 'portsentry[1]: attackalert: Connect from host: '],
  'portsentry[1]: Scan from: [203.0.113.9] (',
  'CEF:0|Ubiquiti|UniFi Network|9|201|Threat|7|proto=TCP src=203.0.113.9 UNIFIsrcClientAlias=',
];

describe('slow lines', () => {
  it.each(BEGINNINGS)('%j and 64 KiB of anything are read in no time', (beginning) => {
    for (const text of REPEATED) {
      const line = (beginning + text.repeat(LARGEST_LINE / text.length)).slice(0, LARGEST_LINE);
      for (const message of [
        bareMessage(line),
        decodeLine(line),
        { ...bareMessage(line), appName: 'kernel' },
      ]) {
        const cost = costMs(() => parse(message, OPTIONS));
        expect([text, cost < 5 ? 'fast' : cost]).toEqual([text, 'fast']);
      }
    }
  });
});

/**
 * Every address a reader could find in the line outside quoted packets, with or without a port behind a dot. A quoted
 * packet ends at its bracket, or where damage put the beginning of another record into it.
 */
function addressesIn(line: string): Set<string> {
  const outside = line.replace(/\[SRC=(?:(?!IN=|OUT=)[^\]])*\]?/g, ' ');
  const found = new Set<string>();
  for (const word of outside.split(/[^0-9A-Za-z:.%@-]+/)) {
    for (const part of new Set([word, ...word.split(/[=@]/)])) {
      for (const text of [part, part.replace(/:$/, ''), part.replace(/:?$/, '').replace(/\.[\w-]*$/, '')]) {
        const ip = canonicalIp(text);
        if (ip !== undefined) found.add(ip);
      }
    }
  }
  return found;
}

function namedIn(result: ParseResult | undefined): string[] {
  if (result?.kind !== 'attempt') return [];
  const { source, destination } = result.attempt;
  return [source.ip, destination.ip].filter((ip) => ip !== undefined);
}

const SAMPLES = ['iptables', 'pf', 'filterlog'].flatMap((name) =>
  readLineFixtures(`fixtures/lines/${name}.log`).map(({ line }) => line),
);

/** One line cut, doubled, spliced with another, or with single characters changed. */
const damaged = fc
  .tuple(
    fc.constantFrom(...SAMPLES),
    fc.constantFrom(...SAMPLES),
    fc.array(fc.nat(), { minLength: 4, maxLength: 12 }),
  )
  .map(([line, other, numbers]) => {
    const at = (i: number) => (numbers[i] ?? 0) % (line.length + 1);
    switch ((numbers[0] ?? 0) % 6) {
      case 0:
        return line.slice(0, at(1));
      case 1:
        return line.slice(at(1));
      case 2:
        return line.slice(0, at(1)) + line.slice(at(2));
      case 3:
        return line.slice(0, at(1)) + other.slice((numbers[2] ?? 0) % (other.length + 1));
      case 4:
        return line.slice(0, at(1)) + line.slice(at(2), at(2) + 40) + line.slice(at(1));
      default:
        return numbers.slice(1).reduce((text, n) => {
          const i = n % Math.max(text.length, 1);
          return (
            text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ (1 << (n % 7))) + text.slice(i + 1)
          );
        }, line);
    }
  });

describe('damaged lines', () => {
  it('never throw, and never name an address that is not in the line outside a quoted packet', () => {
    fc.assert(
      fc.property(damaged, (line) => {
        const addresses = addressesIn(line);
        for (const ip of namedIn(parse(decodeLine(line), OPTIONS))) expect(addresses).toContain(ip);
      }),
      { numRuns: 20_000 },
    );
  });

  it('never throw, whatever the text is', () => {
    const hostile = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom(...REPEATED));
    fc.assert(
      fc.property(fc.constantFrom(...BEGINNINGS, ...SAMPLES), hostile, fc.nat(), (line, text, n) => {
        const i = n % (line.length + 1);
        const message = decodeLine(line.slice(0, i) + text + line.slice(i));
        for (const { parser } of registrations) parser.parse(message, OPTIONS);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('lines that were cut', () => {
  /** portsentry 1 ends its line with the port, and says nothing behind it that could be missed. */
  const ENDS_WITH_PORT = /port: \d+$/;

  it.each(['ipfw', 'ipmon', 'pfirewall', 'scanlogd', 'portsentry', 'unifi-cef'])(
    '%s: name no other end than the whole line, wherever they end',
    (name) => {
      const { parser } = registrations.find((registration) => registration.parser.name === name)!;
      const endsOf = (line: string) => {
        const result = parser.parse(decodeLine(line), OPTIONS);
        if (result?.kind !== 'attempt') return undefined;
        const { source, destination, furtherPorts } = result.attempt;
        return { source, destination, furtherPorts };
      };
      for (const { line } of readLineFixtures(`fixtures/lines/${name}.log`)) {
        const whole = endsOf(line);
        if (whole === undefined || ENDS_WITH_PORT.test(line)) continue;
        for (let end = line.length - 1; end > 0; end--) {
          const cut = endsOf(line.slice(0, end));
          if (cut !== undefined) expect(cut, line.slice(0, end)).toEqual(whole);
        }
      }
    },
  );
});

/** Outer, quoted and prefix addresses come from networks of their own: a mix-up shows in the result. */
const host = (network: string) => fc.integer({ min: 1, max: 254 }).map((n) => `${network}.${n}`);

describe('netfilter lines', () => {
  it('take addresses and ports from the outer packet only', () => {
    const prefix = fc.oneof(
      fc.constantFrom('DROP ', 'DENY SPT=9 DPT=9 PROTO=TCP ', '[SRC=198.51.100.1] ', 'TYPE=1 CODE=1 '),
      host('198.51.100').map((ip) => `DROP SRC=${ip} DST=${ip} SPT=143 DPT=143 `),
      host('198.51.100').map((ip) => `DROP IN= OUT= DST=${ip} SRC=${ip} `),
    );
    fc.assert(
      fc.property(
        prefix,
        host('203.0.113'),
        host('192.0.2'),
        host('198.51.100'),
        (before, source, target, inner) => {
          const quoted = `[SRC=${inner} DST=${inner} ${NETFILTER}]`;
          const outer = `SRC=${source} DST=${target} LEN=56 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=3 CODE=3 ${quoted} `;
          const result = parse(
            decodeLine(`Jan  8 03:37:09 gw1 kernel: ${before}IN=eth0 OUT= ${outer}`),
            OPTIONS,
          );
          expect(result).toMatchObject({
            attempt: { source: { ip: source }, destination: { ip: target }, transport: 'icmp' },
          });
          expect(result).not.toHaveProperty('attempt.destination.port');
        },
      ),
    );
  });
});
