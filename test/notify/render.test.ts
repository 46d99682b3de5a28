import { describe, expect, it } from 'vitest';
import { renderAlert } from '../../src/notify/render.ts';
import type { Incident } from '../../src/types.ts';
import { context, incident, T0, target } from '../support/notify.ts';

describe('renderAlert()', () => {
  it('renders the probe on three hosts, word for word', () => {
    const { subject, text } = renderAlert(
      incident(),
      context({ sourceName: { name: 'host7.example.net', confirmed: false } }),
    );
    expect(subject).toBe('[knockwatch] Probe: 198.51.100.7 tried imap on 3 of 3 watched hosts in 9 s');
    expect(text).toBe(`\
198.51.100.7 tried imap (143/tcp) on 3 watched hosts within 9 seconds. Rule classic-probe calls 3 hosts in 60 s a probe.

  Date:         Sat 24 Jan 2026           Time:  18:47:46 - 18:47:55 (+01:00), 17:47:46Z
  Source:       198.51.100.7  (host7.example.net, claimed)   port 31337
  Destination:  lisa, ns1, dmz-web
  Service:      imap (143/tcp)
  Logged by:    gw1 (list 101)      Packets: 3      Flags: SYN

  Host      Address       First   imap
  lisa      192.0.2.10     +0 s      1
  ns1       192.0.2.53     +4 s      1
  dmz-web   203.0.113.3    +9 s      1

Raw lines (3), as received (UTC)
  17:47:46Z 192.0.2.1  <190>112: Jan 24 18:47:46.113: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.10(143), 1 packet
  17:47:50Z 192.0.2.1  <190>113: Jan 24 18:47:50.113: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.53(143), 1 packet
  17:47:55Z 192.0.2.1  <190>114: Jan 24 18:47:55.113: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 203.0.113.3(143), 1 packet

Why this mail
  first-sight: first mail about this source under this rule.
  Detected: 3 watched hosts within 9 s; the rule asks for 3 within 1 min.

Bear in mind
  - The source address is what the packets claim; only a completed connection would prove it.

What to do next
  1. Check: is it one of your own machines, a customer, a scanner you know? Then write it under "ignore:" with the
     reason.
  2. Gather: look what else came from there and what was let through; the evidence of k7f2 is kept.
  3. Inform: "knockwatch report k7f2" drafts a mail to the people responsible for the address. You read it, you send it.
  Never strike back: the address may be forged, or belong to another victim.

-- 
knockwatch on mon1, incident k7f2, severity high
rule classic-probe, rules/office.yaml:12
`);
  });

  it('writes a name of several addresses once, with the addresses, and says that addresses are counted', () => {
    const { subject, text } = renderAlert(
      incident({
        targets: [
          target('192.0.2.10', 143, 0, { name: 'lisa' }),
          target('192.0.2.53', 143, 4, { name: 'ns1' }),
          target('2001:db8::53', 143, 9, { name: 'ns1' }),
        ],
      }),
      context(),
    );
    expect(subject).toContain('tried imap on 3 of 3 watched addresses in 9 s');
    expect(text).toContain('198.51.100.7 tried imap (143/tcp) on 3 watched addresses within 9 seconds.');
    expect(text).toContain('  Destination:  lisa, ns1 (192.0.2.53, 2001:db8::53)\n');
  });

  const many = Array.from({ length: 15 }, (_, i) => target('192.0.2.10', 20 + i, i / 4, { name: 'lisa' }));
  const cases: [string, Partial<Incident>, subject: string, sentence: string][] = [
    [
      'a port scan',
      {
        kind: 'port-scan',
        targets: many,
        ports: many.map(({ port }) => port),
        lastSeenMs: T0 + 4000,
        lineCount: 15,
      },
      'Port scan: 198.51.100.7 tried 15 ports on lisa in 4 s',
      '198.51.100.7 tried 15 ports on lisa within 4 seconds.',
    ],
    [
      'a distributed scan',
      {
        kind: 'distributed-scan',
        sources: ['198.51.100.1', '198.51.100.2', '198.51.100.3', '198.51.100.4', '198.51.100.5'],
        lastSeenMs: T0 + 2000,
      },
      'Distributed scan: 5 sources tried imap on 3 of 3 watched hosts in 2 s',
      '5 sources tried imap (143/tcp) on 3 watched hosts within 2 seconds.',
    ],
    [
      'a stealth scan',
      { kind: 'stealth-scan', count: 12 },
      'Stealth scan: 198.51.100.7 sent 12 stealth packets to 3 of 3 watched hosts in 9 s',
      '198.51.100.7 sent 12 stealth packets to 3 watched hosts within 9 seconds.',
    ],
    [
      'repeated attempts',
      {
        kind: 'repeat',
        targets: [target('192.0.2.10', 22, 0, { name: 'lisa', count: 5 })],
        ports: [22],
        count: 5,
      },
      'Repeated attempts: 198.51.100.7 tried ssh 5 times on lisa in 9 s',
      '198.51.100.7 tried ssh (22/tcp) 5 times on lisa within 9 seconds.',
    ],
    [
      'a lone knock',
      {
        kind: 'any',
        targets: [target('192.0.2.10', 143, 0, { name: 'lisa' })],
        count: 1,
        lineCount: 1,
        lastSeenMs: T0,
      },
      'Knock, perhaps a typo: 198.51.100.7 tried imap on lisa',
      '198.51.100.7 tried imap (143/tcp) on lisa.',
    ],
    [
      'several services',
      {
        targets: [143, 513].flatMap((port) => [target('192.0.2.10', port, 0), target('192.0.2.11', port, 1)]),
        ports: [143, 513],
      },
      'Probe: 198.51.100.7 tried imap and login on 2 of 3 watched hosts in 9 s',
      '198.51.100.7 tried imap (143/tcp) and login (513/tcp) on 2 watched hosts within 9 seconds.',
    ],
    [
      'a service without a name and a protocol without ports',
      {
        targets: [target('192.0.2.10', 64_999, 0), target('192.0.2.11', -1, 1, { transport: 'icmp' })],
        ports: [64_999, -1],
        sources: ['2001:db8::7'],
      },
      'Probe: 2001:db8::7 tried 64999/tcp and icmp on 2 of 3 watched hosts in 9 s',
      '2001:db8::7 tried 64999/tcp and icmp on 2 watched hosts within 9 seconds.',
    ],
  ];
  it.each(cases)('puts the verdict on %s first', (_name, extra, subject, sentence) => {
    const mail = renderAlert(incident(extra), context());
    expect(mail.subject).toBe(`[knockwatch] ${subject}`);
    expect(mail.text.startsWith(`${sentence} Rule classic-probe`)).toBe(true);
    expect(mail.html).toContain(sentence);
  });

  it('tells an escalation and a closing apart from a first mail', () => {
    const because = 'because';
    const escalated = renderAlert(
      incident({ severity: 'critical' }),
      context({ decision: { send: true, reason: 'escalated', because } }),
    );
    expect(escalated.subject).toBe(
      '[knockwatch] Escalated to critical: Probe: 198.51.100.7 tried imap on 3 of 3 watched hosts in 9 s',
    );
    expect(escalated.text).toMatch(/^Now critical: 198\.51\.100\.7 tried/);
    const closed = renderAlert(
      incident({ count: 340, state: 'closed', lastSeenMs: T0 + 7_200_000 }),
      context({ decision: { send: true, reason: 'closing-summary', because } }),
    );
    expect(closed.subject).toBe(
      '[knockwatch] Closed: Probe: 198.51.100.7 tried imap on 3 of 3 watched hosts in 2 h, 340 packets',
    );
    expect(closed.text).toMatch(
      /^It is over: .* within 2 hours\. Quiet since Sat 24 Jan 2026 20:47:46\s\(\+01:00\); this is the last mail about it\./,
    );
    expect(closed.text).toContain('closing-summary: because.');
  });

  it('does not claim more watched hosts than it was told', () => {
    const { watchedHosts: _, ...unknown } = context();
    expect(renderAlert(incident(), unknown).subject).toContain('on 3 watched hosts');
    expect(renderAlert(incident(), context({ watchedHosts: 2 })).subject).toContain('on 3 watched hosts');
    expect(renderAlert(incident(), context({ watchedHosts: 9 })).subject).toContain(
      'on 3 of 9 watched hosts',
    );
  });

  it('lets the longer side of the grid run down the page, in the order of the sweep', () => {
    const { text } = renderAlert(
      incident({ targets: many.toReversed(), ports: many.map(({ port }) => port) }),
      context(),
    );
    expect(text).toContain(`
  Service    First   lisa
  ftp-data    +0 s      1
  ftp         +0 s      1
  ssh         +1 s      1
`);
  });

  it('bounds the grid and counts what it leaves out', () => {
    const targets = Array.from({ length: 30 }, (_, i) => target(`192.0.2.${i}`, 143, i)).concat(
      Array.from({ length: 9 }, (_, i) => target('192.0.2.0', 1000 + i, 60 + i)),
    );
    const { text, html } = renderAlert(incident({ targets }), context());
    expect(text).toContain('and 10 more hosts and 4 more ports');
    expect(html).toContain('and 10 more hosts and 4 more ports');
    expect(text.match(/^ {2}192\.0\.2\.\d+ /gm)).toHaveLength(20);
  });

  it('shows the ports that were company, and empty cells as dots', () => {
    const targets = [...incident().targets, target('192.0.2.53', 22, 12, { name: 'ns1', count: 4 })];
    const { text } = renderAlert(incident({ targets }), context());
    expect(text).toContain('  Service:      imap (143/tcp); also ssh (22/tcp)\n');
    expect(text).toContain(
      '  lisa      192.0.2.10     +0 s      1     .\n  ns1       192.0.2.53     +4 s      1     4\n',
    );
  });

  it('bounds the raw lines in number and octets and says where the rest is', () => {
    const line = { text: 'x'.repeat(5_000), receivedAtMs: T0, peer: '192.0.2.1' };
    const few = renderAlert(
      incident(),
      context({ lines: Array(50).fill({ ...line, text: 'short' }), linesOmitted: 950 }),
    );
    expect(few.text).toContain('Raw lines (20 of 1000), as received (UTC)');
    expect(few.text).toContain('and 980 more lines in the store under k7f2');
    const long = renderAlert(incident(), context({ lines: Array(10_000).fill(line) }));
    expect(long.text.length).toBeLessThan(30_000);
    expect(long.html.length).toBeLessThan(40_000);
  });

  it('says so when there are no lines, and shows look-ups as quotations', () => {
    const { text } = renderAlert(
      incident(),
      context({
        lines: [],
        linesOmitted: 7,
        evidence: [{ label: 'whois', text: 'netname: EXAMPLE\r\n\r\ndescr: a\n' }],
      }),
    );
    expect(text).toContain(
      'Raw lines (0 of 7), as received (UTC)\n  and 7 more lines in the store under k7f2\n',
    );
    expect(text).toContain('Look-up: whois\n  > netname: EXAMPLE\n  > descr: a\n');
    const long = renderAlert(
      incident(),
      context({ evidence: [{ label: 'whois', text: 'a line\n'.repeat(1e6) }] }),
    );
    expect(long.text).toContain('> (cut here)');
    expect(long.text.length).toBeLessThan(6_000);
  });

  it('reminds of forged senders', () => {
    const remarksOf = (extra: Partial<Incident>) =>
      renderAlert(incident(extra), context()).text.replace(/\n {4}/g, ' ');
    expect(remarksOf({ transports: ['udp'] })).toContain('- The sender of udp packets is easily forged.');
    expect(remarksOf({ sources: ['10.1.2.3'] })).toContain(
      '- 10.1.2.3 is a private address: somebody inside, or forged.',
    );
    expect(remarksOf({ sources: ['not an address'] })).toContain('not an address tried');
    const several = {
      kind: 'distributed-scan',
      sources: ['198.51.100.1', '198.51.100.2', '198.51.100.3'],
    } as const;
    expect(remarksOf(several)).toContain(
      '- 3 sources are told apart by nothing but the addresses they claim: blame none of them on this evidence alone.',
    );
    expect(remarksOf(several)).not.toMatch(/one machine|decoy/);
    const evidence = 'perhaps one machine behind 3 claimed sources (decoys): the same source port (31337)';
    expect(remarksOf({ ...several, remarks: [evidence] })).toContain(
      '- Perhaps one machine behind 3 claimed',
    );
    expect(remarksOf({ remarks: ['the same TTL (52)'], overflow: 12 })).toMatch(
      /- The same TTL \(52\)\.[\s\S]*- 12 packets named hosts, ports or sources beyond those that are told apart: the numbers of them here are lower bounds\./,
    );
    const beyond = incident({ sources: ['198.51.100.1', '198.51.100.2'], overflow: 1 });
    expect(renderAlert(beyond, context()).subject).toMatch(
      /at least 2 sources tried .* on at least \d+ of \d+ /,
    );
    expect(remarksOf({ kind: 'any', count: 1 })).toContain('more often a typing error than a probe');
  });

  it('says of logins and requests nothing that is true of packets only', () => {
    const lone = {
      kind: 'any',
      count: 1,
      lineCount: 1,
      targets: [target('192.0.2.10', 22, 0, { name: 'lisa' })],
      ports: [22],
      tcpFlags: [],
    } as const;
    const site = context({ lines: [] });
    const login = renderAlert(incident({ ...lone, kinds: ['login'] }), site);
    expect(login.subject).toBe('[knockwatch] Login attempt: 198.51.100.7 tried ssh on lisa');
    expect(login.text).toContain('Logins: 1');
    expect(login.html).toContain('Logins');
    const requests = renderAlert(
      incident({
        ...lone,
        kinds: ['request'],
        count: 7,
        lineCount: 7,
        sources: ['198.51.100.7', '2001:db8::7'],
        overflow: 2,
        state: 'closed',
      }),
      { ...site, decision: { send: true, reason: 'closing-summary', because: 'closed' } },
    );
    expect(requests.subject).toMatch(/^\[knockwatch\] Closed: Requests: .*, 7 requests$/);
    expect(requests.text).toContain('told apart by nothing but their addresses');
    expect(requests.text).toContain('2 requests named hosts');
    for (const { subject, text, html } of [login, requests])
      expect(subject + text + html).not.toMatch(/packet|typo|typing/i);
    const mixed = renderAlert(incident({ ...lone, kinds: ['login', 'packet'], count: 2 }), site);
    expect(mixed.subject).toContain('Knock: ');
    expect(mixed.text).toContain('Attempts: 2');
    expect(mixed.text).toContain('only a completed connection would prove it');
  });

  it('joins many sources, ports and devices in a line with an end', () => {
    const { text } = renderAlert(
      incident({
        sources: Array.from({ length: 40 }, (_, i) => `198.51.100.${i}`),
        sourcePorts: [1, 2, 3, 4, 5],
        observers: Array.from({ length: 9 }, (_, i) => ({
          address: `192.0.2.${i}`,
          product: 'iptables',
          rule: 'DROP in: ',
        })),
        tcpFlags: [],
      }),
      context({ sourceName: { name: 'unused.example.net', confirmed: true } }),
    );
    expect(text).toContain(
      '  Source:       40 sources: 198.51.100.0, 198.51.100.1, 198.51.100.2, 198.51.100.3, 198.51.100.4 and 35 more   ports 1, 2, 3 and 2 more\n',
    );
    expect(text).toContain(
      '  Logged by:    192.0.2.0 (rule DROP in:), 192.0.2.1 (rule DROP in:), 192.0.2.2 (rule DROP in:), 192.0.2.3 (rule DROP in:) and 5 more      Packets: 3\n',
    );
  });

  it('makes HTML that loads nothing, links nowhere and says the same', () => {
    const { html, subject } = renderAlert(incident(), context());
    expect(html).not.toMatch(/<(a|img|script|link|iframe|form|object|style)\b/i);
    expect(html).not.toMatch(/(src|href|url\()/i);
    expect(html).toContain(`<title>${subject}</title>`);
    expect(html).toContain('content="light dark"');
    expect(html).toContain('width=device-width');
    for (const word of ['lisa', '192.0.2.53', 'rules/office.yaml:12', 'first-sight', 'Never strike back']) {
      expect(html).toContain(word);
    }
  });
});
