import { describe, expect, it } from 'vitest';
import { canonicalIp } from '../../src/lib/ip.ts';
import {
  crowdsecResults,
  type Facts,
  factsOf,
  factsOfCrowdsec,
  hasCorpora,
  linesOf,
  parseLine,
  withoutUndefined,
} from '../support/corpora.ts';

/**
 * Lines that opnsense-filterlog refuses and we read, by what their label field says is wrong with them. Each is damage
 * to the syslog header; the packet behind it is whole, and a device that writes no good time is still attacked.
 */
const HEADER_DAMAGE: ReadonlyMap<string, string> = new Map([
  ['badtimestamp', 'the time is no time: receipt time stands in for it'],
  ['badtimestampformat', 'the time has a blank inside'],
  ['badtimestampinvaliddate', 'month 13'],
  ['invaliddate', 'month 99'],
  ['missingversion', 'no RFC 5424 version behind the PRI'],
  ['missingpriority', 'no PRI'],
  ['badprioritywithspace', 'a blank behind the PRI'],
  ['missingcsvmarker', 'no structured data'],
  ['missingbracket', 'structured data without its opening bracket'],
  ['missingmetabracket', 'a process id without its closing bracket'],
]);

/** A second way to read filterlog: by counting fields from the ends that the packet's kind leaves fixed. */
function plainFilterlog(csv: string): Facts {
  const f = csv.split(',');
  const isIpv6 = f[8] === '6';
  const [source, destination, sourcePort, destinationPort] = f.slice(isIpv6 ? 15 : 18);
  return withoutUndefined({
    outcome: 'attempt',
    action: f[6] === 'block' ? 'denied' : 'allowed',
    transport: (isIpv6 ? f[12] : f[16])?.toLowerCase().replace('icmpv6', 'ipv6-icmp'),
    source: canonicalIp(source ?? ''),
    destination: canonicalIp(destination ?? ''),
    ...(/^\d+$/.test(destinationPort ?? '') && {
      sourcePort: Number(sourcePort),
      destinationPort: Number(destinationPort),
    }),
  });
}

function expectFacts(line: string, expected: Facts): void {
  const got = factsOf(parseLine(line));
  for (const key of Object.keys(expected) as (keyof Facts)[])
    expect([key, got[key], line]).toEqual([key, expected[key], line]);
}

function csvOf(line: string): string {
  return /(?:^|\s)(\d+,\d*,[^,]*,\S*,.*)$/.exec(line)?.[1] ?? '';
}

describe.runIf(hasCorpora)('public filterlog lines', () => {
  it('crowdsec pf-logs, as its parser.assert expects', () => {
    const lines = linesOf('crowdsec-hub/pf-logs/pf-logs.log').filter((line) => line !== '');
    const results = crowdsecResults('pf-logs', 's01-parse', 'firewallservices/pf-logs');
    expect(results).toHaveLength(lines.length);
    for (const [i, line] of lines.entries()) {
      expectFacts(line, factsOfCrowdsec(results[i]!));
      expectFacts(line, plainFilterlog(csvOf(line)));
    }
  });

  it('crowdsec pfsense-rfc5424-filterlog: its parser.assert only knows the header', () => {
    const folder = 'crowdsec-hub/pfsense-rfc5424-filterlog';
    const lines = linesOf(`${folder}/pfsense-rfc5424-filterlog.log`).filter((line) => line !== '');
    expect(lines).toHaveLength(4);
    for (const line of lines) expectFacts(line, plainFilterlog(csvOf(line)));
    for (const line of lines) expect(parseLine(line)).toMatchObject({ attempt: { product: 'pfSense' } });
  });

  it('crowdsec pf-scan-multi-port: one source, every line denied', () => {
    const lines = linesOf('crowdsec-hub/pf-scan-multi-port/pf-scan-multi-port.log').filter(
      (line) => line !== '',
    );
    expect(lines.length).toBeGreaterThanOrEqual(16);
    for (const line of lines) expectFacts(line, plainFilterlog(csvOf(line)));
    const facts = lines.map((line) => factsOf(parseLine(line)));
    expect(new Set(facts.map(({ source, action }) => `${source} ${action}`))).toEqual(
      new Set(['10.0.2.2 denied']),
    );
    expect(new Set(facts.map(({ destinationPort }) => destinationPort)).size).toBeGreaterThanOrEqual(16);
  });

  it('wazuh and sc4s samples', () => {
    const lines = linesOf('wazuh-ruleset/decoder-comment-samples/0455-pfsense.log').filter(
      (line) => line !== '',
    );
    const sc4s = linesOf('sc4s/lines.jsonl').flatMap((json) =>
      json.includes('filterlog') ? [JSON.parse(json).line] : [],
    );
    expect(lines.length + sc4s.length).toBeGreaterThanOrEqual(3);
    for (const line of [...lines, ...sc4s]) expectFacts(line, plainFilterlog(csvOf(line)));
  });

  it('opnsense-filterlog valid: all 20', () => {
    const lines = linesOf('opnsense-filterlog/filter_valid.log').filter((line) => line !== '');
    expect(lines).toHaveLength(20);
    for (const line of lines) {
      expectFacts(line, plainFilterlog(csvOf(line)));
      expect(parseLine(line)).toMatchObject({ attempt: { product: 'OPNsense' } });
    }
  });

  it.each(['filter_mixed.log', 'filter_corrupt.log'])(
    'opnsense-filterlog %s: good, damaged, or damaged in the header only',
    (file) => {
      const outcomes = { good: 0, header: 0, damaged: 0, text: 0 };
      for (const line of linesOf(`opnsense-filterlog/${file}`)) {
        const csv = /(?:^|\s)(\d+,\d*,[^,]*,.*)$/.exec(line)?.[1];
        const label = csv?.split(',')[3] ?? '';
        if (csv === undefined) {
          outcomes.text++;
          expect([line, factsOf(parseLine(line)).outcome]).toEqual([line, 'foreign']);
        } else if (/^[0-9a-f]{32}$/.test(label)) {
          outcomes.good++;
          expectFacts(line, plainFilterlog(csv));
        } else if (HEADER_DAMAGE.has(label)) {
          outcomes.header++;
          expectFacts(line, plainFilterlog(csv));
        } else {
          outcomes.damaged++;
          expect([line, factsOf(parseLine(line)).outcome]).toEqual([line, 'malformed']);
        }
      }
      expect(outcomes.header).toBeGreaterThan(3);
      if (file === 'filter_mixed.log') expect(outcomes.good + outcomes.damaged).toBeGreaterThan(35);
    },
  );
});

/** A second way to read pf's tcpdump text: everything at once, no care for traps. */
const PLAIN_PF =
  /rule \S+ (pass|block) (?:in|out) on \S+ (\S+?)(?:\.(\d+))? > (\S+?)(?:\.(\d+))?: +(icmp|udp|[SFRP.])/;

describe.runIf(hasCorpora)('public pflog lines', () => {
  it.each(['ossec/decoder-comment-samples.log', 'wazuh-ruleset/decoder-comment-samples/0180-openbsd.log'])(
    '%s',
    (file) => {
      const lines = linesOf(file).filter((line) => /rule \d+\S* (?:pass|block) \w+ on \w+:/.test(line));
      expect(lines.length).toBeGreaterThanOrEqual(4);
      for (const line of lines) {
        const [, action, source, sourcePort, destination, destinationPort, word] = PLAIN_PF.exec(line) ?? [];
        const isIcmp = word === 'icmp';
        const joined = (address: string | undefined, port: string | undefined) =>
          isIcmp ? `${address}.${port}` : address;
        expectFacts(
          line,
          withoutUndefined({
            outcome: 'attempt',
            action: action === 'block' ? 'denied' : 'allowed',
            transport: word === 'icmp' || word === 'udp' ? word : 'tcp',
            source: joined(source, sourcePort),
            destination: joined(destination, destinationPort),
            sourcePort: isIcmp ? undefined : Number(sourcePort),
            destinationPort: isIcmp ? undefined : Number(destinationPort),
          }),
        );
      }
    },
  );

  it('crowdsec tcpdump-logs: a capture of an interface says nothing about a firewall', () => {
    for (const line of linesOf('crowdsec-hub/tcpdump-logs/tcpdump-logs.log'))
      expect(parseLine(line)).toBeUndefined();
  });
});
