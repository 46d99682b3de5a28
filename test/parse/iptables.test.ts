import { describe, expect, it } from 'vitest';
import { iptables } from '../../src/parse/iptables.ts';
import type { ParseOptions, ParseResult } from '../../src/parse/parser.ts';
import { bareMessage } from '../support/bare-message.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

const NO_SITE: ParseOptions = { prefixes: [] };

runLineFixtures('iptables', (line) => iptables.parse(decodeLine(line), NO_SITE));

/** A line that is right but for what a test puts in. */
function line(
  fields: { in?: string; src?: string; dst?: string; ports?: string; prefix?: string } = {},
): string {
  const {
    in: device = 'eth0',
    src = '203.0.113.9',
    dst = '192.0.2.10',
    ports = 'SPT=40000 DPT=143',
  } = fields;
  const head = `${fields.prefix ?? 'DROP '}IN=${device} OUT= SRC=${src} DST=${dst} LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=1`;
  return `Jun  8 14:34:33 gw1 kernel: ${head} PROTO=TCP ${ports} WINDOW=1024 RES=0x00 SYN URGP=0 `;
}

function parse(text: string, prefixes = NO_SITE): ParseResult | undefined {
  return iptables.parse(decodeLine(text), prefixes);
}

describe('numbers are read strictly', () => {
  const bad = [
    '65536',
    '99999999999',
    '-1',
    '0x8f',
    '143abc',
    '1e3',
    '',
    '00143',
    '1_43',
    '１４３',
    '143.0',
    '+143',
  ];
  it.each(bad)('DPT=%j is no port', (port) => {
    expect(parse(line({ ports: `SPT=40000 DPT=${port}` }))).toMatchObject({ kind: 'malformed' });
  });

  it.each([0, 1, 65535])('DPT=%i is one', (port) => {
    expect(parse(line({ ports: `SPT=40000 DPT=${port}` }))).toMatchObject({
      attempt: { destination: { port } },
    });
  });
});

describe('addresses are read strictly', () => {
  const bad = [
    '010.0.0.1',
    '1.2.3',
    '256.1.1.1',
    '1.2.3.4.5',
    '0x7f.1',
    '2130706433',
    '1.2.3.4/32',
    '',
    'gw1',
    '::g',
  ];
  it.each(bad)('SRC=%j is none', (src) => {
    expect(parse(line({ src }))).toMatchObject({ kind: 'malformed' });
    expect(parse(line({ dst: src }))).toMatchObject({ kind: 'malformed' });
  });

  it.each([
    ['::ffff:192.0.2.10', '192.0.2.10'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is %s', (written, ip) => {
    expect(parse(line({ dst: written }))).toMatchObject({ attempt: { destination: { ip } } });
  });
});

describe('iptables.parse()', () => {
  it('refuses an interface longer than any device has, and does not shift the fields', () => {
    expect(parse(line({ in: 'e'.repeat(64) }))).toMatchObject({ kind: 'malformed' });
  });

  it('takes the action from the site’s own prefixes first', () => {
    const prefixes = [
      { prefix: 'DROP', action: 'unknown' as const },
      { prefix: 'DROP-BUT-NOT-REALLY: ', action: 'allowed' as const },
    ];
    expect(parse(line(), { prefixes: [] })).toMatchObject({ attempt: { action: 'denied' } });
    expect(parse(line(), { prefixes })).toMatchObject({ attempt: { action: 'unknown' } });
    expect(parse(line({ prefix: 'DROP-BUT-NOT-REALLY: ' }), { prefixes })).toMatchObject({
      attempt: { action: 'allowed', rule: 'DROP-BUT-NOT-REALLY' },
    });
  });

  it('reads lines whose header decode could not read', () => {
    const result = iptables.parse(bareMessage(line({ prefix: '[UFW BLOCK] ' })), NO_SITE);
    expect(result).toMatchObject({ attempt: { rule: 'UFW BLOCK', source: { ip: '203.0.113.9' } } });
  });

  it('takes a tag for the prefix where the words of a producer follow it', () => {
    const text = line().replace('kernel: DROP ', 'fw: LAN 7: ');
    expect(parse(text)).toBeUndefined();
    expect(parse(text, { prefixes: [{ prefix: 'fw: LAN', action: 'denied' }] })).toMatchObject({
      attempt: { action: 'denied', rule: 'fw: LAN 7' },
    });
  });

  it('reads a message that begins with a verdict under any tag, and no other under a foreign one', () => {
    const tagged = (text: string) => line().replace('kernel: DROP ', text);
    expect(parse(tagged('root: DENY: '))).toMatchObject({ attempt: { action: 'denied', rule: 'DENY' } });
    expect(parse(tagged('sshd[7]: Invalid user DROP '))).toBeUndefined();
    expect(parse(tagged('app: user=DROP '))).toBeUndefined();
  });

  it('reads a line without a tag only where no sentence of another program could stand in front', () => {
    const untagged = (prefix: string) => parse(line().replace('kernel: DROP ', prefix));
    const ours = [
      ...[
        '',
        'DROP ',
        'DROP: ',
        'DROP INVALID ',
        'DENIED BY POLICY 7: ',
        'nft-drop ',
        '[7.5] what you like: ',
      ],
      ...[
        '[UFW BLOCK] ',
        '[WAN_LOCAL-D-1] DESCR="a b" ',
        'gw1 [WAN_LOCAL-D-1] DESCR="a b" ',
        'reject wan in: ',
      ],
    ];
    for (const prefix of ours) expect([prefix, untagged(prefix)?.kind]).toEqual([prefix, 'attempt']);
    const strangers = [
      ...[
        'user ',
        'Invalid user ',
        'Invalid user DROP ',
        'Invalid user kernel: DROP ',
        'USER [WAN_LOCAL-D-1] ',
        'USER DROP ',
      ],
      'Invalid user Jun  8 14:34:33 gw1 kernel: DROP ',
      'DHCPDISCOVER from 00:11:22:33:44:55 (kernel: [1.0] DROP ',
      'DHCPDISCOVER from 00:11:22:33:44:55 (Jun  8 14:34:33 gw1 kernel: DROP ',
      'DHCPACK on 192.0.2.7 to 00:11:22:33:44:55 (DROP ',
      'LEEF:1.0|Some|Firewall|1|x|usrName=DROP ',
      'GET /?q=DROP ',
      'type=login user=DROP ',
      "{'user': 'DROP ",
    ];
    for (const prefix of strangers) expect([prefix, untagged(prefix)]).toEqual([prefix, undefined]);
  });

  it('takes any prefix without a tag that the site has listed', () => {
    const text = line().replace('kernel: DROP ', 'Packet dropped by rule 7: ');
    expect(parse(text)).toBeUndefined();
    expect(parse(text, { prefixes: [{ prefix: 'Packet dropped', action: 'denied' }] })).toMatchObject({
      attempt: { action: 'denied' },
    });
  });

  it('takes a kernel clock of any precision from the prefix', () => {
    expect(parse(line().replace('kernel: DROP ', 'kernel: [1.0] DENY '))).toMatchObject({
      attempt: { action: 'denied', rule: 'DENY' },
    });
  });

  it('treats names of object properties as data', () => {
    const prefix = '__proto__=1 constructor=2 toString ';
    expect(parse(line({ prefix }))).toMatchObject({ attempt: { action: 'unknown', rule: prefix.trim() } });
    expect(parse(line({ prefix: '[UFW BLOCK] ' }).replace('PROTO=TCP', 'PROTO=constructor'))).toMatchObject({
      kind: 'malformed',
    });
  });

  it('says the same reason for the same damage: reasons are counted', () => {
    const reasons = new Set(
      Array.from({ length: 50 }, (_, i) => {
        const result = parse(line({ ports: `SPT=1 DPT=x${i}` }));
        return result?.kind === 'malformed' ? result.reason : '';
      }),
    );
    expect([...reasons]).toEqual(['ports missing or not 0 to 65535']);
  });
});
