import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ReportInput, renderReport } from '../../src/evidence/report.ts';
import type { EvidenceLine, Incident } from '../../src/types.ts';

const FIRST = Date.parse('2026-11-23T17:47:46Z');
const NOW = Date.parse('2026-11-23T18:00:00Z');

function line(host: string, offsetMs: number, source = '198.51.100.7'): EvidenceLine {
  const text = `<190>112: gw1: %SEC-6-IPACCESSLOGP: list 101 denied tcp ${source}(31337) -> ${host}(143), 1 packet\n`;
  return {
    bytes: Buffer.from(text),
    receivedAtMs: FIRST + offsetMs,
    peer: { address: '192.0.2.1', port: 514 },
  };
}

const LINES = [line('192.0.2.10', 200), line('192.0.2.53', 4_200), line('192.0.2.80', 9_200)];

const INCIDENT: Incident = {
  id: '0123456789ab',
  identifier: 'classic-probe 198.51.100.7 143',
  kind: 'address-scan',
  ruleId: 'classic-probe',
  severity: 'high',
  state: 'quiet',
  openedAtMs: FIRST + 9_000,
  firstSeenMs: FIRST,
  lastSeenMs: FIRST + 9_000,
  count: 3,
  lineCount: 3,
  sources: ['198.51.100.7'],
  targets: ['192.0.2.10', '192.0.2.53', '192.0.2.80'].map((ip, i) => ({
    ip,
    ...(i === 0 ? { name: 'lisa' } : {}),
    port: 143,
    transport: 'tcp',
    count: 1,
    firstSeenMs: FIRST,
  })),
  transports: ['tcp'],
  ports: [143],
  sourcePorts: [31337],
  tcpFlags: ['SYN'],
  observers: [{ hostname: 'gw1', address: '192.0.2.1', product: 'ios', rule: '101' }],
  lines: LINES,
  sentence: '198.51.100.7 tried 143/tcp on 3 watched hosts within 9 s (threshold 3 in 60 s)',
  remarks: [],
  overflow: 0,
};

const INPUT: ReportInput = {
  incident: INCIDENT,
  lines: LINES,
  lookups: [
    {
      label: 'Reverse DNS',
      text: 'host7.example.net (claimed: the name does not lead back to the address)',
      asOfMs: FIRST + 10_000,
    },
    {
      label: 'Registry (RDAP)',
      text: 'Network:   198.51.100.0 - 198.51.100.255 TEST-NET-2\nAbuse:     abuse@isp.example',
      asOfMs: FIRST + 11_000,
      abuse: ['abuse@isp.example'],
    },
  ],
  clocks: [
    {
      address: '192.0.2.1',
      hostname: 'gw1',
      zone: 'assumed',
      utcOffset: '+01:00',
      skewMs: -2_310,
      samples: 120,
    },
    { address: '192.0.2.2', zone: 'none' },
  ],
  reporter: { organisation: 'Example Ltd', email: 'security@example.org' },
  cc: { upstream: ['abuse@upstream.example'], cert: ['cert@cert.example'] },
  archiveHead: { seq: 4711, sha256: 'ab'.repeat(32) },
  nowMs: NOW,
};

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const PROVES_NOTHING =
  'the packets were logged one by one; without a completed connection a source address proves nothing by itself';

describe('the evidence bundle', () => {
  it('holds everything, in order', () => {
    expect(renderReport(INPUT).bundle).toBe(`Evidence: incident 0123456789ab
Made 2026-11-23T18:00:00.000Z; all times UTC.

198.51.100.7 tried 143/tcp on 3 watched hosts within 9 s (threshold 3 in 60 s)

  Source:       198.51.100.7
  Source port:  31337
  First seen:   2026-11-23T17:47:46.000Z
  Last seen:    2026-11-23T17:47:55.000Z
  Targets:      lisa (192.0.2.10), 192.0.2.53, 192.0.2.80
  Ports:        143 (tcp)
  Attempts:     3   TCP flags: SYN
  Rule:         classic-probe   Severity: high   State: quiet
  Logged by:    gw1 (192.0.2.1, ios, rule 101)

What the evidence does not prove

- ${PROVES_NOTHING}

Clocks of the devices, against ours

gw1 (192.0.2.1): UTC offset +01:00, assumed: its lines state none, clock 2 s behind ours (measured on 120 lines)
192.0.2.2: its lines have no time of their own, clock not compared with ours

Log lines (3 of 3; receipt time, sender, line)

2026-11-23T17:47:46.200Z 192.0.2.1 <190>112: gw1: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.10(143), 1 packet
2026-11-23T17:47:50.200Z 192.0.2.1 <190>112: gw1: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.53(143), 1 packet
2026-11-23T17:47:55.200Z 192.0.2.1 <190>112: gw1: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.80(143), 1 packet

SHA-256 of the lines as received, octet for octet

   1  ${sha256(LINES[0]!.bytes)}
   2  ${sha256(LINES[1]!.bytes)}
   3  ${sha256(LINES[2]!.bytes)}

Archive: record 4711, digest ${'ab'.repeat(32)}

Look-ups about 198.51.100.7

Reverse DNS, as of 2026-11-23T17:47:56.000Z:
> host7.example.net (claimed: the name does not lead back to the address)

Registry (RDAP), as of 2026-11-23T17:47:57.000Z:
> Network:   198.51.100.0 - 198.51.100.255 TEST-NET-2
> Abuse:     abuse@isp.example
`);
  });
});

describe('the draft complaint', () => {
  it('is a letter with the log entries, for a person to send', () => {
    const { complaint } = renderReport(INPUT);
    expect(complaint).toMatchObject({
      to: ['abuse@isp.example'],
      cc: ['abuse@upstream.example', 'cert@cert.example'],
      subject: 'Abuse report: unwanted connection attempts from 198.51.100.7, 2026-11-23 17:47 UTC',
      warnings: [PROVES_NOTHING],
    });
    expect(complaint.text).toBe(`To: abuse@isp.example
Cc: abuse@upstream.example, cert@cert.example (suggested)
Subject: Abuse report: unwanted connection attempts from 198.51.100.7, 2026-11-23 17:47 UTC

DRAFT. Nothing has been sent and nothing sends it: read it, correct it, send it yourself, and remove this part.

Before you send it:
- ${PROVES_NOTHING}

Dear colleagues,

we saw unwanted connection attempts from 198.51.100.7, an address that you are responsible for. Nobody here asked for them.
The machine may be misused without its owner knowing. Please look into it, and tell us if you need more.

  Source:       198.51.100.7
  Source port:  31337
  First seen:   2026-11-23T17:47:46.000Z
  Last seen:    2026-11-23T17:47:55.000Z
  Targets:      lisa (192.0.2.10), 192.0.2.53, 192.0.2.80
  Ports:        143 (tcp)
  Attempts:     3   TCP flags: SYN
  Reference:    0123456789ab

Log lines. In front: when we received the line, UTC. Then the line as it was, with its device's own time.

2026-11-23T17:47:46.200Z <190>112: gw1: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.10(143), 1 packet
2026-11-23T17:47:50.200Z <190>112: gw1: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.53(143), 1 packet
2026-11-23T17:47:55.200Z <190>112: gw1: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.80(143), 1 packet

Clocks of the devices, against ours

gw1 (192.0.2.1): UTC offset +01:00, assumed: its lines state none, clock 2 s behind ours (measured on 120 lines)
192.0.2.2: its lines have no time of their own, clock not compared with ours

Kind regards
Example Ltd <security@example.org>
`);
  });

  it('says when it does not know whom to write to, and whom to copy', () => {
    const { complaint } = renderReport({ ...INPUT, lookups: [], cc: {} });
    expect(complaint.to).toEqual([]);
    expect(complaint.warnings.slice(1)).toEqual([
      'no address for complaints is known; ask the registry that has 198.51.100.7 (RDAP, whois)',
      'consider a copy to your upstream provider and to the CERT responsible for you (first.org lists them)',
    ]);
  });

  it.each([
    [
      'several sources',
      { sources: ['198.51.100.7', '203.0.113.5', '203.0.113.6'] },
      '2 other sources did the same at the same time',
    ],
    [
      'a protocol that is easily forged',
      { transports: ['udp'] },
      'the source address of udp packets is easily forged',
    ],
    [
      'decoy evidence',
      { remarks: ['same TTL on all: decoys are likely'] },
      'same TTL on all: decoys are likely',
    ],
    [
      'a device that says forged',
      { remarks: ['the device that logged it calls the source address forged'] },
      'calls the source address forged',
    ],
    ['an inside address', { sources: ['192.168.1.9'] }, '192.168.1.9 is a private address'],
  ] as const)('warns of %s', (_what, changes, warning) => {
    const { complaint, bundle } = renderReport({ ...INPUT, incident: { ...INCIDENT, ...changes } });
    expect(complaint.warnings.join('\n')).toContain(warning);
    expect(complaint.text).toContain(warning);
    expect(bundle).toContain(warning);
  });

  it.each(['192.168.1.9', '127.0.0.2', '0.0.0.0', 'fe80::1'])(
    'advises against sending one about %s',
    (source) => {
      const { complaint } = renderReport({
        ...INPUT,
        lookups: [],
        incident: { ...INCIDENT, sources: [source] },
      });
      expect(complaint.warnings[0]).toBe('do not send it: there is nobody to send it to');
      expect(complaint.text).not.toContain('ask the registry');
    },
  );

  it('about logins does not call other sources decoys: their connections were completed', () => {
    const incident = { ...INCIDENT, sources: ['198.51.100.7', '203.0.113.5'] };
    const { complaint } = renderReport({ ...INPUT, incident, type: 'login_attack' });
    expect(complaint.warnings).toEqual([
      '1 other source did the same at the same time; what stands here is about this one alone',
    ]);
  });

  it('says when nobody has said who complains', () => {
    const { complaint } = renderReport({ ...INPUT, reporter: { organisation: ' ', email: '' } });
    expect(complaint.warnings.at(-1)).toBe(
      'say who you are: report.organisation and report.email in knockwatch.yaml',
    );
    expect(complaint.text).toMatch(/Kind regards\n\[your organisation and mail address\]\n$/);
  });

  it.each([
    [
      { zone: 'stated', utcOffset: '-05:00', skewMs: 400, samples: 1 },
      'UTC offset -05:00, as its lines state, clock in step with ours within a second (measured on 1 line)',
    ],
    [
      { zone: 'stated', skewMs: -90_000, samples: 2 },
      'UTC offset unknown, as its lines state, clock 1 min 30 s behind ours (measured on 2 lines)',
    ],
    [
      { zone: 'assumed', utcOffset: '+01:00', skewMs: 3_600_000, samples: 9 },
      'UTC offset +01:00, assumed: its lines state none, clock 1 h ahead of ours (measured on 9 lines); it may be in another zone, or its lines came late',
    ],
    [{ zone: 'none' }, 'its lines have no time of their own, clock not compared with ours'],
  ] as const)('says of a clock %j', (clock, words) => {
    const { complaint } = renderReport({ ...INPUT, clocks: [{ address: '192.0.2.1', ...clock }] });
    expect(complaint.text).toContain(`\n192.0.2.1: ${words}\n`);
  });

  it('breaks long lists into lines that a mail can carry', () => {
    const targets = Array.from({ length: 60 }, (_, i) => ({
      ...INCIDENT.targets[0]!,
      ip: `192.0.2.${i}`,
      name: `host-${i}`,
    }));
    const ports = Array.from({ length: 30 }, (_, i) => 10_000 + i);
    const { complaint } = renderReport({ ...INPUT, lines: [], incident: { ...INCIDENT, targets, ports } });
    const block = complaint.text.slice(
      complaint.text.indexOf('  Source:'),
      complaint.text.indexOf('  Attempts:'),
    );
    for (const line of block.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(block).toContain('host-49 (192.0.2.49), and 10 more');
    expect(block).not.toContain('host-50');
    expect(block.replace(/\s+/g, ' ')).toContain('10019, and 10 more (tcp)');
  });

  it('warns when a clock is off by a minute and more', () => {
    const warned = (skewMs: number) =>
      renderReport({
        ...INPUT,
        clocks: [{ address: '192.0.2.1', zone: 'stated', skewMs, samples: 3 }],
      }).complaint.text.includes("- a device's clock is not ours");
    expect([59_000, -59_000, 60_000, -3_600_000].map(warned)).toEqual([false, false, true, true]);
  });

  it('knows the source in a line however it is written', () => {
    const incident = { ...INCIDENT, sources: ['2001:db8::7', '2001:db8::70'] };
    const lines = [
      line('192.0.2.10', 0, '2001:0DB8:0000:0000:0000:0000:0000:0007'),
      line('192.0.2.11', 1, '2001:db8::70'),
    ];
    const { complaint } = renderReport({ ...INPUT, incident, lines });
    expect(complaint.text.match(/IPACCESSLOGP/g)).toHaveLength(1);
    expect(complaint.text).toContain('192.0.2.10(143)');
  });

  it('tells one source nothing about the lines of another, and is not fooled by a longer address', () => {
    const lines = [
      line('192.0.2.10', 0),
      line('192.0.2.11', 1, '198.51.100.77'),
      line('192.0.2.12', 2, '203.0.113.5'),
    ];
    const incident = { ...INCIDENT, sources: ['198.51.100.7', '198.51.100.77', '203.0.113.5'] };
    const { complaint } = renderReport({ ...INPUT, incident, lines });
    expect(complaint.text.match(/IPACCESSLOGP/g)).toHaveLength(1);
    const other = renderReport({ ...INPUT, incident, lines, source: '203.0.113.5' });
    expect(other.complaint.text).toContain('192.0.2.12');
    expect(other.complaint.text).not.toContain('192.0.2.11(143)');
  });

  it('escapes what others wrote, everywhere', () => {
    const evil = '\x1b[2J\u202e\r\nBcc: v@example.net\r\n\r\n';
    const { bundle, complaint, xarf } = renderReport({
      ...INPUT,
      incident: {
        ...INCIDENT,
        sentence: evil,
        observers: [{ hostname: evil, address: evil, product: evil }],
        remarks: [`decoy ${evil}`],
      },
      lines: [
        { bytes: Buffer.from(`${evil}\0\xff`, 'latin1'), receivedAtMs: FIRST, peer: { address: evil } },
      ],
      lookups: [
        {
          label: 'Whois',
          text: `a\n~!touch x\n${evil}`,
          asOfMs: FIRST,
          abuse: ['x@y.example\r\nBcc: z@y.example', 'ok@y.example'],
        },
      ],
      reporter: { organisation: `Example${evil}`, email: 'security@example.org' },
    });
    for (const text of [bundle, complaint.text, complaint.subject, complaint.warnings.join(' ')]) {
      expect(text).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
      expect(text).not.toMatch(/^Bcc:/m);
    }
    expect(complaint.to).toEqual(['ok@y.example']);
    expect(bundle).toContain('> ~!touch x');
    expect(xarf.ok).toBe(true);
  });

  it('shows a bounded number of lines and says how many there are', () => {
    const lines = Array.from({ length: 500 }, (_, i) => line('192.0.2.10', i));
    const { complaint, bundle } = renderReport({
      ...INPUT,
      incident: { ...INCIDENT, lineCount: 9_000 },
      lines,
    });
    expect(complaint.text).toContain('(8800 more lines)');
    expect(bundle).toContain('Log lines (200 of 9000;');
  });
});

describe('X-ARF', () => {
  const parsed = (input: ReportInput) => {
    const { xarf } = renderReport(input);
    if (!xarf.ok) throw new Error(xarf.because);
    return JSON.parse(xarf.json);
  };

  it('is a XARF 4 port scan with what its schema asks for', () => {
    const report = parsed(INPUT);
    const contact = { org: 'Example Ltd', contact: 'security@example.org', domain: 'example.org' };
    expect(report).toEqual({
      xarf_version: '4.2.0',
      report_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/),
      timestamp: '2026-11-23T17:47:46.000Z',
      reporter: contact,
      sender: contact,
      source_identifier: '198.51.100.7',
      source_port: 31337,
      category: 'connection',
      type: 'port_scan',
      evidence_source: 'firewall_logs',
      destination_port: 143,
      protocol: 'tcp',
      first_seen: '2026-11-23T17:47:46.000Z',
      last_seen: '2026-11-23T17:47:55.000Z',
      description: `${INCIDENT.sentence}. ${PROVES_NOTHING}.`,
      evidence: [
        {
          content_type: 'text/plain',
          description: 'Log lines, receipt time (UTC) in front',
          payload: expect.any(String),
          hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
          size: expect.any(Number),
        },
      ],
      tags: ['knockwatch:address-scan'],
    });
    const [evidence] = report.evidence;
    const log = Buffer.from(evidence.payload, 'base64');
    expect(log.toString()).toContain('2026-11-23T17:47:46.200Z <190>112: gw1:');
    expect(evidence.hash).toBe(`sha256:${sha256(log)}`);
    expect(evidence.size).toBe(log.length);
  });

  it('names a single target, and is a login attack when told so', () => {
    const incident = { ...INCIDENT, targets: INCIDENT.targets.slice(0, 1), transports: ['ipv6-icmp'] };
    expect(parsed({ ...INPUT, incident, type: 'login_attack' })).toMatchObject({
      type: 'login_attack',
      destination_ip: '192.0.2.10',
      protocol: 'icmp',
    });
  });

  it('has one id per incident and source', () => {
    const two = { ...INCIDENT, sources: ['198.51.100.7', '203.0.113.5'] };
    const id = (source: string) => parsed({ ...INPUT, incident: two, source }).report_id;
    expect(id('198.51.100.7')).toBe(id('198.51.100.7'));
    expect(id('198.51.100.7')).not.toBe(id('203.0.113.5'));
  });

  it.each([
    [
      { reporter: { organisation: '', email: 'security@example.org' } },
      'the reporter needs an organisation and a mail address: set report.organisation and report.email',
    ],
    [
      { reporter: { organisation: 'Example', email: 'nobody' } },
      'the reporter needs an organisation and a mail address: set report.organisation and report.email',
    ],
    [{ incident: { ...INCIDENT, transports: ['gre'] } }, 'the format has no word for the protocol gre'],
    [{ incident: { ...INCIDENT, transports: [] } }, 'the format has no word for the protocol unknown'],
  ])('says why there is none: %#', (changes, because) => {
    expect(renderReport({ ...INPUT, ...changes }).xarf).toEqual({ ok: false, because });
  });
});

describe('with our own side masked', () => {
  const masked = renderReport({ ...INPUT, mask: { networks: ['192.0.2.0/24'], names: ['secret-name'] } });

  it('no address or name of ours is anywhere', () => {
    const payload = masked.xarf.ok
      ? Buffer.from(JSON.parse(masked.xarf.json).evidence[0].payload, 'base64').toString()
      : '';
    for (const text of [
      masked.bundle,
      masked.complaint.text,
      masked.complaint.subject,
      masked.xarf.ok ? masked.xarf.json : '',
      payload,
    ]) {
      expect(text).not.toMatch(/192\.0\.2\.|gw1|lisa/);
    }
    expect(masked.complaint.text).toContain('denied tcp 198.51.100.7(31337) -> [own-');
    expect(masked.bundle).toContain('Our own addresses and names are masked.');
  });

  it('the same host keeps the same word, so that targets can be told apart', () => {
    const words = [...masked.complaint.text.matchAll(/-> (\[own-\d+\])\(143\)/g)].map(([, word]) => word);
    expect(new Set(words).size).toBe(3);
    expect(masked.complaint.text).toContain(`Targets:      `);
    for (const word of words) expect(/Targets:.*$/m.exec(masked.complaint.text)![0]).toContain(word);
  });

  it('digests are of what is shown: those of the octets would give the addresses away', () => {
    expect(masked.bundle).toContain('SHA-256 of the lines as shown');
    for (const { bytes } of LINES) expect(masked.bundle).not.toContain(sha256(bytes));
  });

  it('throws for a network that is none', () => {
    expect(() => renderReport({ ...INPUT, mask: { networks: ['192.0.2.x'] } })).toThrow(
      'not a network: 192.0.2.x',
    );
  });
});
