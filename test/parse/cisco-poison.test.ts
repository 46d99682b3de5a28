import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/decode.ts';
import { canonicalIp } from '../../src/lib/ip.ts';
import { ciscoAsa } from '../../src/parse/cisco-asa.ts';
import { ciscoIos } from '../../src/parse/cisco-ios.ts';
import { ciscoNxos } from '../../src/parse/cisco-nxos.ts';
import { ciscoXr } from '../../src/parse/cisco-xr.ts';
import type { ParseResult } from '../../src/parse/parser.ts';
import type { SyslogMessage } from '../../src/types.ts';
import { bareMessage } from '../support/bare-message.ts';
import { readLineFixtures } from '../support/line-fixtures.ts';

const PARSERS = [ciscoIos, ciscoAsa, ciscoNxos, ciscoXr];
const SAMPLES = PARSERS.flatMap(({ name }) =>
  readLineFixtures(`fixtures/lines/${name}.log`).map(({ line }) => line),
);

/** What every Cisco parser makes of a message, without those that say it is not theirs. */
function parseAll(message: SyslogMessage): ParseResult[] {
  return PARSERS.map((parser) => parser.parse(message, { prefixes: [] })).filter(
    (result) => result !== undefined,
  );
}

const parse = (line: string) => parseAll(bareMessage(line))[0];

/** One template a product; `%s` `%p` are the source's address and port, `%d` `%q` the destination's. */
const TEMPLATES = [
  '%SEC-6-IPACCESSLOGP: list 101 denied tcp %s(%p) -> %d(%q), 1 packet',
  '%FW-6-DROP_PKT: Dropping tcp session [%s]:%p [%d]:%q on zone-pair a class b due to  policy with ip ident 1',
  '%ASA-6-106100: access-list o denied tcp out/%s(%p) -> in/%d(%q) hit-cnt 1 first hit [0x0, 0x0]',
  '%ASA-4-106023: Deny tcp src out:%s/%p dst in:%d/%q by access-group "in"',
  '%ACLLOG-5-ACLLOG_FLOW_INTERVAL: Src IP: %s, Dst IP: %d, Src Port: %p, Dst Port: %q, Src Intf: Eth1, Protocol: "TCP"(6), Hit-count: 1',
  '%ACL-IPV4_ACL-6-IPACCESSLOGP : access-list a (1) deny tcp %s(%p) -> %d(%q), 1 packet',
];

function fill(
  template: string,
  source: string,
  sourcePort: string,
  destination: string,
  destinationPort: string,
): string {
  const values: Record<string, string> = {
    '%s': source,
    '%p': sourcePort,
    '%d': destination,
    '%q': destinationPort,
  };
  return template.replace(/%[spdq](?![A-Za-z])/g, (mark) => values[mark] ?? mark);
}

describe.each(TEMPLATES)('%s', (template) => {
  it.each(['65536', '99999999999', '-1', '0x8f', '143abc', '1e3', ' 143', '', '+143', '143.0', '١٤٣'])(
    'refuses the port "%s"',
    (port) => {
      expect(parse(fill(template, '198.51.100.7', '31337', '192.0.2.10', port))?.kind).toBe('malformed');
      expect(parse(fill(template, '198.51.100.7', port, '192.0.2.10', '143'))?.kind).toBe('malformed');
    },
  );

  it.each([
    '010.0.0.1',
    '1.2.3',
    '256.1.1.1',
    '1.2.3.4.5',
    '0x7f.1',
    '2130706433',
    '1.2.3.4/32',
    '1::2::3',
    '2001:db8::g',
    '<b>',
  ])('refuses the address "%s"', (address) => {
    const results = [
      fill(template, address, '1', '192.0.2.10', '143'),
      fill(template, '198.51.100.7', '1', address, '143'),
    ];
    expect(results.map((line) => parse(line)?.kind)).toEqual(['malformed', 'malformed']);
  });

  it.each([
    ['::ffff:192.0.2.10', '192.0.2.10'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['255.255.255.255', '255.255.255.255'],
  ])('gives %s as %s', (written, canonical) => {
    const result = parse(fill(template, '198.51.100.7', '1', written, '143'));
    expect(result).toMatchObject({ kind: 'attempt', attempt: { destination: { ip: canonical, port: 143 } } });
  });

  it('is attempt or malformed wherever it is cut, and never names a shortened address', () => {
    const line = fill(template, '198.51.100.7', '31337', '192.0.2.10', '143');
    for (let end = line.indexOf(': ') + 2; end < line.length; end++) {
      const result = parse(line.slice(0, end));
      if (result?.kind !== 'attempt') continue;
      expect(result.attempt.source.ip).toBe('198.51.100.7');
      expect(result.attempt.destination).toEqual({ ip: '192.0.2.10', port: 143 });
    }
  });
});

describe('Cisco parsers', () => {
  it('never claim one line twice', () => {
    for (const line of SAMPLES) expect(parseAll(bareMessage(line)).length, line).toBeLessThanOrEqual(1);
  });

  it('read the same from a decoded message, which has the host name in its header', () => {
    for (const line of SAMPLES) {
      const decoded = decode(line, { referenceMs: Date.UTC(2026, 6, 1), zone: 'UTC' });
      const [fromBare, fromDecoded] = [parse(line), parseAll(decoded)[0]];
      if (fromBare?.kind !== 'attempt' || fromDecoded?.kind !== 'attempt') {
        expect(fromDecoded, line).toEqual(fromBare);
        continue;
      }
      const { hostname, ...attempt } = fromBare.attempt;
      expect(fromDecoded.attempt, line).toEqual(attempt);
      // A header whose origin is a sentence has its last word as name here, and the sentence there.
      if (hostname !== undefined) expect(decoded.hostname, line).toContain(hostname);
    }
  });

  it('give permitted lines the action allowed', () => {
    for (const template of TEMPLATES) {
      const permitted = template.replace(/denied/g, 'permitted').replace(' deny ', ' permit ');
      if (permitted === template) continue;
      const result = parse(fill(permitted, '198.51.100.7', '1', '192.0.2.10', '143'));
      expect(result, permitted).toMatchObject({ kind: 'attempt', attempt: { action: 'allowed' } });
    }
  });

  it('take the origin for a host name only when the header has none', () => {
    const line = '<190>30: gw1: 5: Mar  4 11:45:20: %SEC-6-IPACCESSLOGS: list 1 denied 198.51.100.7 1 packet';
    const bare = bareMessage(line);
    expect(parseAll(bare)[0]).toMatchObject({ attempt: { hostname: 'gw1' } });
    const decoded = parseAll({ ...bare, hostname: 'relay1' })[0];
    expect(decoded?.kind === 'attempt' && 'hostname' in decoded.attempt).toBe(false);
  });

  it('read the tag where a relay that writes RFC 5424 puts it', () => {
    const body = 'Deny tcp src out:198.51.100.7/1 dst in:192.0.2.10/143 by access-group "in"';
    const message = {
      ...bareMessage('x'),
      format: 'rfc5424',
      text: 'not searched %LINK-3-UPDOWN: ',
      message: body,
    } as const;
    expect(parseAll({ ...message, appName: '%ASA-4-106023' })[0]).toMatchObject({ kind: 'attempt' });
    expect(parseAll({ ...message, appName: 'x', message: `%ASA-4-106023: ${body}` })[0]).toMatchObject({
      kind: 'attempt',
    });
    expect(parseAll({ ...message, appName: 'x', message: 'nothing' })).toEqual([]);
  });

  it('read the inner text of a repeated message', () => {
    const inner = '%SEC-6-IPACCESSLOGS: list 1 denied 198.51.100.7 1 packet';
    const message = {
      ...bareMessage(`x: message repeated 3 times: [ ${inner}]`),
      repeated: 3,
      message: inner,
    };
    expect(parseAll(message)[0]).toMatchObject({
      kind: 'attempt',
      attempt: { source: { ip: '198.51.100.7' } },
    });
  });

  it('take less than 50 ms for any 64 KiB line', () => {
    const seeds = [
      ...[
        ' ',
        '=',
        '[',
        '(',
        '((',
        '%',
        '%A',
        '%A-',
        '%A-1-',
        '%SEC-6-',
        '1.1.1.1.',
        'ASA-',
        ' ASA-A-A-A-A',
        'list ',
        ', A: ',
        ' (a)',
        "' a/a",
      ],
      ...['%ASA-4-106023: ', '%SEC-6-IPACCESSLOGP: ', '%FW-6-DROP_PKT: ', '1:1:1 ', 'Mar ', 'a ', 'a: '],
    ];
    const heads = ['', ...SAMPLES.map((line) => line.slice(0, line.indexOf(' ', line.indexOf('%')) + 1))];
    const cuts = SAMPLES.flatMap((line) => [line, line.slice(0, line.length / 2)]);
    const lines = [
      ...seeds.flatMap((seed) => [...new Set(heads)].map((head) => head + seed.repeat(65536 / seed.length))),
      ...cuts.flatMap((cut) =>
        [' ', '(', 'a', '1', "' ", '] [Source: 1', ' : user IP = 1', ' flags SYN'].map(
          (tail) => cut + tail.repeat(65536 / tail.length),
        ),
      ),
    ];
    const slow: string[] = [];
    for (const line of lines) {
      const message = bareMessage(line);
      const from = performance.now();
      parseAll(message);
      const took = performance.now() - from;
      // A second look, so that a pause of the machine is not taken for a slow pattern.
      if (took > 5 && timed(message) > 5) slow.push(`${took.toFixed(1)} ms: ${line.slice(0, 120)}`);
    }
    expect(slow).toEqual([]);
  }, 120_000);
});

function timed(message: SyslogMessage): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const from = performance.now();
    parseAll(message);
    best = Math.min(best, performance.now() - from);
  }
  return best;
}

/** Cut, splice, double, replace: what relays, full buffers and attackers do to lines. */
const mutated = fc
  .tuple(
    fc.constantFrom(...SAMPLES),
    fc.constantFrom(...SAMPLES),
    fc.array(fc.tuple(fc.nat(400), fc.nat(400), fc.constantFrom('cut', 'splice', 'insert', 'flip')), {
      maxLength: 4,
    }),
    fc.string({ maxLength: 12 }),
  )
  .map(([first, second, edits, junk]) => {
    let line = first;
    for (const [a, b, edit] of edits) {
      const at = a % (line.length + 1);
      if (edit === 'cut') line = line.slice(0, at) + line.slice(at + (b % 20));
      else if (edit === 'splice') line = line.slice(0, at) + second.slice(b % second.length);
      else if (edit === 'insert') line = line.slice(0, at) + junk + line.slice(at);
      else
        line =
          line.slice(0, at) +
          String.fromCharCode((line.charCodeAt(at) || 32) ^ (1 << (b % 7))) +
          line.slice(at + 1);
    }
    return line;
  });

/** Every address that stands in the line by itself, in canonical form. */
function addressesIn(line: string): Set<string> {
  const tokens = line.match(/[0-9A-Fa-f:.]*[0-9A-Fa-f:](?:%[\w.]+)?/g) ?? [];
  // An interface or a port may be glued on with a colon: every tail and head of a token counts as well.
  const candidates = tokens.flatMap((token) => {
    const colons = [...token.matchAll(/:/g)].map(({ index }) => index);
    return [token, ...colons.map((at) => token.slice(at + 1)), ...colons.map((at) => token.slice(0, at))];
  });
  return new Set(candidates.map(canonicalIp).filter((ip) => ip !== undefined));
}

describe('mutated lines', () => {
  it('never throw, never give an address or a port that is not in the line, and never break the types', () => {
    fc.assert(
      fc.property(mutated, (line) => {
        for (const result of parseAll(bareMessage(line))) {
          if (result.kind !== 'attempt') continue;
          const { attempt } = result;
          const present = addressesIn(line);
          for (const end of [attempt.source, attempt.destination]) {
            if (end.ip !== undefined) expect(present).toContain(end.ip);
            if (end.name !== undefined) expect(line).toContain(end.name);
            if (end.port !== undefined) expect(end.port).toBeLessThanOrEqual(65535);
          }
          expect(attempt.count).toBeGreaterThanOrEqual(1);
          expect(Object.values(attempt)).not.toContain(undefined);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it('never throw on arbitrary text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (line) => void parseAll(bareMessage(line))),
      { numRuns: 5_000 },
    );
  });
});
