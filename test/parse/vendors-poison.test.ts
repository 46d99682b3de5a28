import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalIp } from '../../src/lib/ip.ts';
import { parse as parseAny } from '../../src/parse/index.ts';
import type { ParseResult } from '../../src/parse/parser.ts';
import { decodeLine } from '../support/decode-line.ts';
import { readLineFixtures } from '../support/line-fixtures.ts';

const SAMPLES = ['mikrotik', 'palo-alto', 'sonicwall', 'netscreen', 'junos-srx', 'fortigate'].flatMap(
  (name) => readLineFixtures(`fixtures/lines/${name}.log`).map(({ line }) => line),
);

function parse(line: string): ParseResult | undefined {
  return parseAny(decodeLine(line), { prefixes: [] });
}

/** One template a form; `%s` `%p` are the source's address and port, `%d` `%q` the destination's. */
const TEMPLATES = [
  '<134>Nov 23 03:00:00 gw1 firewall,info drop input: in:ether1 out:(unknown 0), connection-state:new proto TCP (SYN), %s:%p->%d:%q, len 40',
  '<14>Nov 23 03:00:00 pa1 1,2026/11/23 03:00:00,001801000001,TRAFFIC,drop,2561,2026/11/23 03:00:00,%s,%d,0.0.0.0,0.0.0.0,r,,,a,vsys1,u,d,e1,,C,2026/11/23 03:00:00,0,1,%p,%q,0,0,0x0,tcp,drop,60,60',
  '<133>id=firewall sn=0006B1010203 time="2026-11-23 03:00:00" fw=192.0.2.1 pri=5 c=64 m=36 msg="TCP connection dropped" n=2686 src=%s:%p:WAN dst=%d:%q:LAN rule=0',
  '<134>Nov 23 03:00:00 gw ssg5: NetScreen device_id=ssg5  [Root]system-notification-00257(traffic): start_time="2026-11-23 03:00:00" duration=0 policy_id=1 service=a proto=6 src zone=a dst zone=b action=Deny sent=0 rcvd=0 src=%s dst=%d src_port=%p dst_port=%q session_id=0',
  '<14>Nov 23 03:00:00 srx1 RT_FLOW: RT_FLOW_SESSION_DENY: session denied %s/%p->%d/%q junos-imap 6(0) deny untrust trust UNKNOWN',
  '<14>1 2026-11-23T03:00:00Z srx1 RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636.1.1.1.2.39 source-address="%s" source-port="%p" destination-address="%d" destination-port="%q" protocol-id="6" policy-name="deny" source-zone-name="a" destination-zone-name="b"]',
  '<14>Nov 23 03:00:00 192.0.2.1 junos-flow: 2026-11-23T03:00:00Z srx1 RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636.1.1.1.2.39 source-address="%s" source-port="%p" destination-address="%d" destination-port="%q" protocol-id="6" policy-name="deny"]',
  '<189>date=2026-11-23 time=03:00:00 devname="fgt1" devid="FGT60F0000000001" logid="0000000013" type="traffic" subtype="forward" srcip=%s srcport=%p srcintf="wan1" dstip=%d dstport=%q dstintf="dmz" proto=6 action="deny" policyid=0',
  '<189>Nov 23 03:00:00 fgt1 CEF:0|Fortinet|Fortigate|v7.4.3|00013|traffic:forward deny|3|deviceExternalId=FGT60F0000000001 FTNTFGTlogid=0000000013 cat=traffic:forward src=%s spt=%p dst=%d dpt=%q proto=6 act=deny FTNTFGTpolicyid=0',
];

function fill(
  template: string,
  source: string,
  sourcePort: string,
  destination: string,
  port: string,
): string {
  const values: Record<string, string> = { '%s': source, '%p': sourcePort, '%d': destination, '%q': port };
  return template.replace(/%[spdq](?![A-Za-z])/g, (mark) => values[mark] ?? mark);
}

describe.each(TEMPLATES)('%s', (template) => {
  it('is read', () => {
    expect(parse(fill(template, '198.51.100.7', '31337', '192.0.2.10', '143'))).toMatchObject({
      kind: 'attempt',
      attempt: {
        action: 'denied',
        transport: 'tcp',
        source: { ip: '198.51.100.7', port: 31337 },
        destination: { ip: '192.0.2.10', port: 143 },
      },
    });
  });

  it.each(['65536', '99999999999', '-1', '0x8f', '143abc', '1e3', ' 143', '+143', '143.0', '١٤٣'])(
    'refuses the port "%s"',
    (port) => {
      for (const line of [
        fill(template, '198.51.100.7', '31337', '192.0.2.10', port),
        fill(template, '198.51.100.7', port, '192.0.2.10', '143'),
      ])
        expect([line, parse(line)?.kind]).toEqual([line, 'malformed']);
    },
  );

  it.each(['010.0.0.1', '1.2.3', '256.1.1.1', '1.2.3.4.5', '0x7f.1', '2130706433', '1.2.3.4x', 'a::b::c'])(
    'refuses the address "%s"',
    (address) => {
      for (const line of [
        fill(template, address, '1', '192.0.2.10', '143'),
        fill(template, '198.51.100.7', '1', address, '143'),
      ])
        expect([line, parse(line)?.kind]).toEqual([line, 'malformed']);
    },
  );

  it('never names a shortened address or port, wherever it is cut', () => {
    const line = fill(template, '198.51.100.7', '31337', '192.0.2.10', '143');
    // ScreenOS before 6 ends its lines in the port.
    const mayEndIn = template.includes('NetScreen') ? line.lastIndexOf('dst_port=') : line.length;
    for (let end = 0; end < line.length; end++) {
      if (end > mayEndIn && end < line.lastIndexOf(' session_id')) continue;
      const result = parse(line.slice(0, end));
      if (result?.kind !== 'attempt') continue;
      const { source, destination } = result.attempt;
      expect([end, source, destination]).toEqual([
        end,
        { ip: '198.51.100.7', port: 31337 },
        { ip: '192.0.2.10', port: 143 },
      ]);
    }
  });
});

/** Texts that make careless patterns slow, and beginnings that lead every parser into them. */
const REPEATED = [
  ...[
    ' ',
    '=',
    '[',
    ']',
    '(',
    ')',
    '"',
    '\\',
    '\\"',
    ':',
    ',',
    '.',
    '|',
    '/',
    '->',
    '>',
    '<',
    '\t',
    'é',
    '\ud800',
  ],
  ...[
    'a=',
    'a=b ',
    ' src=1 ',
    '="',
    'a="b" ',
    'a=" ',
    '\\=',
    '1,',
    '"",',
    '","',
    '""',
    '1 ',
    'a ',
    'a b=',
    '- ',
  ],
  ...[
    'in:',
    ': in:a out:',
    'x: in:',
    '1/1->1/1 ',
    '0x0 ',
    '6 a b c 1',
    'zone=',
    'action=',
    'a-b:c ',
    ' via ',
  ],
];
const BEGINNINGS = [
  ...[
    '',
    'firewall,info ',
    'input: in:a out:b, ',
    'input: in:a out:b, proto TCP (',
    'input: in:a out:b, proto TCP, ',
  ],
  'input: in:a out:b, proto TCP, 1.1.1.1:1->2.2.2.2:2, ',
  ...[
    'login failure for user ',
    'user ',
    '1,2026/11/23 03:00:00,1,TRAFFIC,',
    'id=f sn=1 ',
    'id=f sn=1 msg="dropped" src=',
  ],
  ...[
    'date=1 devid=FG1 logid=1 type=traffic ',
    'date=1 devid="FG1" logid=1 type=traffic msg="',
    '0|Fortinet|Fortigate|',
  ],
  '0|Fortinet|Fortigate|1|1|1|1|',
  ...[
    'NetScreen device_id=',
    'NetScreen device_id=a [Root]system-alert-00016: ',
    'RT_FLOW - RT_FLOW_SESSION_DENY [junos@1 ',
  ],
  'NetScreen device_id=a [Root]system-notification-00257(traffic): ',
  'NetScreen device_id=a [Root]system-notification-00257(traffic): start_time="" duration=0 policy_id=1 service=',
  'NetScreen device_id=a [Root]system-notification-00257(traffic): start_time="" duration=0 policy_id=1 service=a proto=6 src zone=',
  'RT_FLOW: RT_FLOW_SESSION_DENY: session denied ',
  'RT_FLOW: RT_FLOW_SESSION_CREATE: session created 1/1->2/2 a b ',
  ...['', 'a: 1/1->2/2 a b '].map((text) => `RT_FLOW: RT_FLOW_SESSION_CLOSE: session closed ${text}`),
];
const LARGEST_LINE = 64 * 1024;

describe('slow lines', () => {
  it.each(BEGINNINGS)('%j and 64 KiB of anything are read in no time', (beginning) => {
    for (const text of REPEATED) {
      const message = decodeLine(
        (beginning + text.repeat(LARGEST_LINE / text.length)).slice(0, LARGEST_LINE),
      );
      // The best of a few: another process can take the processor away, a slow pattern can not give it back.
      const best = Math.min(
        ...[1, 2, 3].map(() => millisecondsOf(() => parseAny(message, { prefixes: [] }))),
      );
      expect([text, best < 10 ? 'fast' : best]).toEqual([text, 'fast']);
    }
  });
});

function millisecondsOf(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Every address a reader could find in the line. */
function addressesIn(line: string): Set<string> {
  const found = new Set<string>();
  for (const word of line.split(/[^0-9A-Za-z:.%-]+/)) {
    for (const part of [word, ...word.split('-')]) {
      for (const text of [
        part,
        part.replace(/:.*$/, ''),
        part.replace(/:\w*$/, ''),
        part.replace(/^:|:$/g, ''),
      ]) {
        const ip = canonicalIp(text);
        if (ip !== undefined) found.add(ip);
      }
    }
  }
  return found;
}

/** One line cut, spliced with another, doubled, or with single characters changed. */
const damaged = fc
  .tuple(
    fc.constantFrom(...SAMPLES),
    fc.constantFrom(...SAMPLES),
    fc.array(fc.nat(), { minLength: 4, maxLength: 9 }),
  )
  .map(([line, other, numbers]) => {
    const at = (i: number, text = line) => (numbers[i] ?? 0) % (text.length + 1);
    const kind = (numbers[0] ?? 0) % 5;
    if (kind === 0) return line.slice(0, at(1));
    if (kind === 1) return line.slice(0, at(1)) + line.slice(at(2));
    if (kind === 2) return line.slice(0, at(1)) + other.slice(at(2, other));
    if (kind === 3) return line.slice(0, at(1)) + line.slice(at(2), at(2) + 40) + line.slice(at(1));
    return numbers.slice(1).reduce((text, n) => {
      const i = n % Math.max(text.length, 1);
      return text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ (1 << (n % 7))) + text.slice(i + 1);
    }, line);
  });

describe('damaged lines', () => {
  it('never throw, and never name an address that is not in the line', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(damaged, (line) => {
        const result = parse(line);
        if (result?.kind !== 'attempt') return;
        const { source, destination, count } = result.attempt;
        expect(count).toBeGreaterThanOrEqual(1);
        for (const ip of [source.ip, destination.ip])
          if (ip !== undefined) expect(addressesIn(line)).toContain(ip);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('lines with a place for a stranger’s words', () => {
  const WORDS = [
    'kernel: DROP IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=TCP SPT=1 DPT=143 WINDOW=1 RES=0x00 SYN URGP=0',
    'DROP IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=40 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=TCP SPT=1 DPT=143 WINDOW=1 RES=0x00 SYN URGP=0',
    'filterlog: 5,,,1000000103,em0,match,block,in,4,0x0,,64,600,0,none,6,tcp,40,203.0.113.9,192.0.2.15,1,79,0,S,1,,1024,,',
    '%SEC-6-IPACCESSLOGP: list 101 denied tcp 203.0.113.9(1) -> 192.0.2.10(143), 1 packet',
    'rule 5/0(match): block in on em0: 203.0.113.9.1 > 192.0.2.10.2: S',
    'drop input: in:ether1 out:ether2, proto TCP (SYN), 203.0.113.9:1->192.0.2.10:23, len 40',
    'sshd[1]: Invalid user x from 203.0.113.9 port 1',
    'date=2026-11-23 time=03:00:00 devid=FGT1 logid=1 type=traffic srcip=203.0.113.9 srcport=1 dstip=192.0.2.10 dstport=143 proto=6 action=deny policyid=0',
    'RT_FLOW: RT_FLOW_SESSION_DENY: session denied 203.0.113.9/1->192.0.2.10/53 junos-dns-udp 17(0) deny untrust trust',
    '1,2026/11/23 03:00:00,1,TRAFFIC,drop,1,2026/11/23 03:00:00,203.0.113.9,192.0.2.10,,,r,,,a,v,u,d,i,,c,2026/11/23 03:00:00,0,1,1,143,0,0,0x0,tcp,drop,60',
    'CEF:0|Fortinet|Fortigate|v7|1|utm:ips x|7|cat=traffic:forward src=203.0.113.9 spt=1 dst=192.0.2.10 dpt=80 proto=6 act=deny x=1',
  ];
  const PLACES: readonly ((text: string) => string)[] = [
    (text) =>
      `<134>Nov 23 03:00:00 gw1 system,error,critical login failure for user ${text} from 198.51.100.7 via ssh`,
    (text) => `<134>Nov 23 03:00:00 gw1 login failure for user ${text} from 198.51.100.7 via ssh`,
    (text) =>
      `<130>Nov 23 03:00:00 gw ns: NetScreen device_id=ns [Root]system-critical-00027: Multiple login failures occurred for user ${text} from IP address 198.51.100.7:1`,
    (text) =>
      `<185>date=2026-11-23 time=03:00:00 devname="f" devid="FGT1" logid="0100032002" type="event" subtype="system" user="${text}" ui="ssh(198.51.100.7)" action="login" status="failed" reason="x"`,
    (text) =>
      `<185>Nov 23 03:00:00 f CEF:0|Fortinet|Fortigate|v7|1|utm:ips x|7|cat=utm:ips src=198.51.100.7 spt=1 dst=192.0.2.10 dpt=80 proto=6 act=dropped request=/${text.replace(/[\\=]/g, '\\$&')} msg=x`,
    (text) =>
      `<129>id=firewall sn=1 time="2026-11-23 03:00:00" m=30 msg="Administrator login denied due to bad credentials" usr="${text}" src=198.51.100.7:1:WAN dst=192.0.2.1:443:WAN`,
  ];
  it.each(PLACES.flatMap((place) => WORDS.map(place)))('nobody believes them: %s', (line) => {
    expect(parse(line)).toMatchObject({ kind: 'attempt', attempt: { source: { ip: '198.51.100.7' } } });
  });
});
