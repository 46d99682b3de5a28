import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { loadRules } from '../../src/rules/load.ts';
import { costMs } from '../support/cpu-time.ts';
import { cisco, netfilter, type Watch, watch } from '../support/threats.ts';

/*
 * Texts in a firewall's line that somebody else wrote. What is read must be what the firewall said, or nothing. `npm run fuzz`
 * looks for more of them.
 */

let lines: Watch;
beforeEach(async () => {
  lines = await watch();
});

const line = netfilter('203.0.113.9', '192.0.2.10', 143);
const blamed = (text: string) => {
  const { attempt } = lines.send(text);
  return attempt === undefined
    ? undefined
    : `${attempt.source.ip} -> ${attempt.destination.ip}:${attempt.destination.port}`;
};

/** What is wrong with a rule file of this text. */
async function problemsOf(text: string) {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-threats-'));
  try {
    writeFileSync(join(dir, 'rules.yaml'), text);
    return (await loadRules(join(dir, 'rules.yaml'))).problems;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

it('P1: fields in the log prefix do not override those of the packet', () => {
  const text = netfilter('203.0.113.9', '198.51.100.1', 9, 'DENY SRC=198.51.100.66 DST=192.0.2.10 DPT=143 ');
  expect(blamed(text)).toBe('203.0.113.9 -> 198.51.100.1:9');
});

it('P2: a whole second packet in the log prefix is a contradiction, and blames nobody', () => {
  const prefix = 'DENY IN=eth0 OUT= SRC=198.51.100.66 DST=192.0.2.10 PROTO=TCP SPT=1 DPT=143 ';
  const { result } = lines.send(netfilter('203.0.113.9', '192.0.2.11', 143, prefix));
  expect(result).toMatchObject({ kind: 'malformed', reason: 'two packet headers with different addresses' });
});

it('P3: the packet that an ICMP error quotes is nobody’s knock', () => {
  const { attempt, hits } = lines.send(
    'Nov 23 03:00:00 fw kernel: DENY IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=56 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=3 CODE=3 [SRC=192.0.2.10 DST=198.51.100.66 LEN=28 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=TCP SPT=143 DPT=143 WINDOW=1 RES=0x00 SYN URGP=0 ] ',
  );
  expect(attempt).toMatchObject({
    transport: 'icmp',
    source: { ip: '203.0.113.9' },
    destination: { ip: '192.0.2.10' },
  });
  expect(attempt!.destination.port).toBeUndefined();
  expect(hits).toEqual([]);
});

it.each(['TRUNCATED', 'INCOMPLETE [12 bytes] ', 'FRAG:64 PROTO=TCP '])(
  'P4: a packet that goes on with %s matches no port',
  (rest) => {
    const { attempt, hits } = lines.send(`${line.slice(0, line.indexOf('PROTO='))}${rest}`);
    expect(attempt?.destination.port).toBeUndefined();
    expect(hits).toEqual([]);
  },
);

it.each([
  ['IP options', line.replace('DF PROTO', 'DF OPT (94040000) PROTO')],
  ['TCP options', line.replace('URGP=0 ', 'URGP=0 OPT (020405B4) ')],
  ['an empty MAC', line.replace(/MAC=\S*/, 'MAC=')],
  ['a tunnel', line.replace(/MAC=\S*/, '$& TUNNEL=198.51.100.66->198.51.100.67')],
  [
    'a decoded MAC',
    line.replace(/MAC=\S*/, 'MACSRC=00:00:5e:00:53:01 MACDST=00:00:5e:00:53:02 MACPROTO=0800'),
  ],
  ['bridge ports', line.replace('OUT= ', 'OUT= PHYSIN=veth0 PHYSOUT=eth1 ')],
  ['empty bridge ports', line.replace('OUT= ', 'OUT= PHYSIN= ')],
])('P4 P7: a packet with %s is read as it is', (_, text) => {
  expect(blamed(text)).toBe('203.0.113.9 -> 192.0.2.10:143');
});

it('P4: an IPv6 packet with a header nobody knows matches no port', () => {
  const text = netfilter('2001:db8::9', '2001:db8::10', 143).replace(
    /LEN=60.*$/,
    'LEN=60 TC=0 HOPLIMIT=64 FLOWLBL=0 Unknown Ext Hdr 253 PROTO=TCP SPT=1 DPT=143 ',
  );
  expect(lines.send(text).attempt?.destination.port).toBeUndefined();
});

it.each([
  line.replace('DPT=143', 'DPT=143 DPT=80'),
  line.replace('SPT=40000', 'SPT=40000 SPT=1'),
  line.replace('PROTO=TCP', 'PROTO=TCP PROTO=UDP'),
  line.replace(' WINDOW', ' SRC=198.51.100.66 WINDOW'),
  line.replace('URGP=0', 'URGP=0 DST=192.0.2.11'),
])('P5: a field that comes twice: %#', (text) => {
  expect(lines.send(text).result).toMatchObject({ kind: 'malformed' });
});

it.each(['XSRC=203.0.113.9', 'SRC =203.0.113.9', 'src=203.0.113.9', 'SRC=203.0.113.9;DST=192.0.2.10'])(
  'P6: %j is no SRC=',
  (text) => {
    expect(lines.send(line.replace('SRC=203.0.113.9', text)).attempt).toBeUndefined();
  },
);

it.each(['eth 0', 'i'.repeat(64), '', 'br0:1', 'é', 'eth0 OUT=x'])(
  'P7: the interface %j does not shift the fields behind it',
  (name) => {
    const found = blamed(line.replace('IN=eth0', `IN=${name}`));
    expect([undefined, '203.0.113.9 -> 192.0.2.10:143']).toContain(found);
  },
);

it.each(['65536', '99999999999', '-1', '0x8f', '143abc', '1e3', ' 143', ''])(
  'P8: %j is no port, in any format',
  (port) => {
    expect(lines.send(line.replace('DPT=143', `DPT=${port}`)).hits).toEqual([]);
    expect(lines.send(cisco('203.0.113.9', '192.0.2.10', port)).hits).toEqual([]);
  },
);

it.each(['0', '65535'])('P8: %s is a port', (port) => {
  expect(blamed(line.replace('DPT=143', `DPT=${port}`))).toBe(`203.0.113.9 -> 192.0.2.10:${port}`);
});

it.each(['010.0.0.1', '1.2.3', '256.1.1.1', '1.2.3.4.5', '0x7f.1', '2130706433', '1.2.3.4/32'])(
  'P9: %j is no address',
  (ip) => {
    expect(lines.send(netfilter(ip, '192.0.2.10', 143)).attempt).toBeUndefined();
    expect(lines.send(cisco(ip, '192.0.2.10', 143)).attempt?.source.ip).toBeUndefined();
  },
);

it('P10: one address written in many ways is one address', () => {
  expect(lines.send(netfilter('203.0.113.9', '::ffff:192.0.2.10', 143)).hits).toHaveLength(1);
  const sources = ['2001:DB8::1', '2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8:0:0::1'];
  const read = sources.map((source) => lines.send(netfilter(source, '192.0.2.10', 143)).attempt?.source.ip);
  expect(new Set(read)).toEqual(new Set(['2001:db8::1']));
});

it.each(['192.0.2.10', '127.0.0.1', '224.0.0.1', '0.0.0.0', '255.255.255.255'])(
  'P11: a source that can not be (%s) is told as what it is',
  async (source) => {
    const own = await watch({ ownNetworks: ['192.0.2.0/24'] });
    for (const host of [10, 11, 12]) own.send(netfilter(source, `192.0.2.${host}`, 143));
    const [incident] = own.incidents();
    expect(incident!.remarks.join(' ')).toMatch(
      source === '192.0.2.10' ? /own network|inside/i : /forged|impossible/i,
    );
  },
);

it('P12: a soup of flags is a list of flags', () => {
  const flags = 'CWR ECE URG ACK PSH RST SYN FIN';
  expect(lines.send(line.replace(' SYN ', ` ${flags} `)).attempt!.tcpFlags?.toSorted()).toEqual(
    flags.split(' ').sort(),
  );
  expect(lines.send(line.replace(' SYN ', ' ')).attempt!.tcpFlags).toEqual([]);
});

it.each([
  ['', 'NULL'],
  ['FIN', 'FIN'],
  ['URG PSH FIN', 'Xmas'],
])('P12: the flags "%s" are told as a %s scan', async (flags, name) => {
  const stealth = await watch(
    {},
    'rules:\n  - id: s\n    watch: { hosts: [192.0.2.10], ports: [143] }\n    detect: { stealth-scan: {} }\n',
  );
  stealth.send(line.replace(' SYN ', flags === '' ? ' ' : ` ${flags} `));
  expect(JSON.stringify(stealth.incidents())).toContain(name);
});

it.each([
  ['203.0.113.9.40000 > 192.0.2.10.143: Flags [S], win 1', 1],
  ['2001:db8::9.40000 > 2001:db8::10.143: Flags [S], win 1', 0],
  ['203.0.113.9 > 192.0.2.10: [|tcp]', 0],
  ['203.0.113.9.40000 > 192.0.2.10: [|tcp]', 0],
])('P13: pf says %j: %i hits', (packet, hits) => {
  expect(lines.send(`Nov 23 03:00:00 fw pf: rule 5/0(match): block in on em0: ${packet}`).hits).toHaveLength(
    hits,
  );
});

it('P13 P14: addresses without ports are read, and match no port', () => {
  const pf = (packet: string) => blamed(`Nov 23 03:00:00 fw pf: rule 5/0(match): block in on em0: ${packet}`);
  expect(pf('2001:db8::9.40000 > 2001:db8::10.143: Flags [S], win 1')).toBe(
    '2001:db8::9 -> 2001:db8::10:143',
  );
  expect(pf('203.0.113.9 > 192.0.2.10: [|tcp]')).toBe('203.0.113.9 -> 192.0.2.10:undefined');
  const acl = (text: string) => blamed(`<190>45: Nov 23 03:00:00: %SEC-6-${text}, 1 packet`);
  expect(acl('IPACCESSLOGNP: list 102 denied 0 203.0.113.9 -> 192.0.2.10')).toBe(
    '203.0.113.9 -> 192.0.2.10:undefined',
  );
  expect(acl('IPACCESSLOGDP: list 102 denied icmp 203.0.113.9 -> 192.0.2.10 (3/1)')).toBe(
    '203.0.113.9 -> 192.0.2.10:undefined',
  );
});

it('P14: what a Cisco permitted is no knock, and names in quotes shift nothing', () => {
  expect(lines.send(cisco('203.0.113.9', '192.0.2.10', 143).replace('denied', 'permitted')).hits).toEqual([]);
  const asa =
    '%ASA-4-106023: Deny tcp src outside:203.0.113.9/40000 dst inside:192.0.2.10/143 by access-group "a) -> 198.51.100.66(80)" [0x0, 0x0]';
  expect(blamed(asa)).toBe('203.0.113.9 -> 192.0.2.10:143');
});

it.each([' ', '=', '[', 'SRC=', '1.1.1.1.', '((((', '%', '"', ','])(
  'P15: 64 KiB of %j take no time',
  (text) => {
    for (const before of ['', line, cisco('203.0.113.9', '192.0.2.10', 143)]) {
      const long = (before + text.repeat(65_536)).slice(0, 65_536);
      expect(costMs(() => lines.send(long))).toBeLessThan(50);
    }
  },
);

it.each(['"*a*a*a*a*a*b"', '"+(a|aa)"', '"[[:constructor:]]"', '"{1..1000000}"'])(
  'P16: the host glob %s is refused',
  async (glob) => {
    const text = `hosts: { ${'a'.repeat(60)}: 192.0.2.10 }\nrules:\n  - id: x\n    watch: { hosts: [${glob}], ports: [80] }\n    detect: { address-scan: { hosts: 3, within: 60s } }\n`;
    const before = performance.now();
    const problems = await problemsOf(text);
    expect(performance.now() - before).toBeLessThan(500);
    expect(problems.map(({ level }) => level)).toContain('error');
  },
);

it('P17: names that mean something to JavaScript are data, in lines and in files', async () => {
  lines.send(line.replace('DENY', '__proto__=1 constructor= toString '));
  lines.send('<4>1 2026-11-23T03:00:00Z fw kernel - - [__proto__ polluted="1"] x');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(await problemsOf('__proto__: { polluted: 1 }\nrules: []\n')).not.toEqual([]);
  expect(loadConfig('/nowhere/__proto__', {}).problems).toHaveLength(1);
  expect(lines.stillWorks()).toBe(true);
});
