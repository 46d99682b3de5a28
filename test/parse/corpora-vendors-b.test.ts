import { describe, expect, it } from 'vitest';
import { canonicalIp } from '../../src/lib/ip.ts';
import { parse, registrations } from '../../src/parse/index.ts';
import type { ParseResult } from '../../src/parse/parser.ts';
import type { ParsedAttempt } from '../../src/types.ts';
import {
  corpusFiles,
  type Facts,
  factsOf,
  hasCorpora,
  linesOf,
  logLinesOf,
  parseLine,
  withoutUndefined,
} from '../support/corpora.ts';
import { decodeLine } from '../support/decode-line.ts';

/*
 * Public sample lines of the smaller packet filters and of programs that tell scans themselves. What a line must give is
 * the corpus' own answer, or is read here a second, plainer way.
 */

function attemptIn(result: ParseResult | undefined): ParsedAttempt {
  expect(result).toMatchObject({ kind: 'attempt' });
  return (result as { readonly attempt: ParsedAttempt }).attempt;
}

function port(text: string | undefined): number | undefined {
  return text === undefined || text === '-' ? undefined : Number(text);
}

describe.runIf(hasCorpora)('fail2ban', () => {
  /** Line and the source fail2ban takes from it. */
  function samplesOf(file: string): (readonly [line: string, host: string])[] {
    const hosts = [
      ...linesOf(file)
        .join('\n')
        .matchAll(/# failJSON: .*?"host": "([^"]+)"/g),
    ].map(([, host]) => host!);
    return logLinesOf(file).map((line, i) => [line, hosts[i]!] as const);
  }

  it('scanlogd: the source is fail2ban’s, and every port of the line is one of ours', () => {
    for (const [line, host] of samplesOf('fail2ban/scanlogd')) {
      const { source, destination, furtherPorts = [], action } = attemptIn(parseLine(line));
      const listed = /ports ([\d, ]+), \.\.\./.exec(line)![1]!.split(', ').map(Number);
      expect([source.ip, action, destination.port, ...furtherPorts], line).toEqual([
        host,
        'failed',
        ...listed,
      ]);
    }
  });

  it('portsentry: the source is fail2ban’s, the time is the one in front', () => {
    const samples = samplesOf('fail2ban/portsentry');
    expect(samples).toHaveLength(2);
    for (const [line, host] of samples) {
      const { source, action, stampMs, transport } = attemptIn(parseLine(line));
      const [epoch = ''] = line.split(' ');
      expect([source.ip, action, stampMs], line).toEqual([host, 'denied', Number(epoch) * 1_000]);
      expect(line.toLowerCase()).toContain(` ${transport} blocked`);
    }
  });
});

describe.runIf(hasCorpora)('plaso: a log of the Windows firewall', () => {
  const file = 'plaso-winfirewall/firewall.log';
  const lines = hasCorpora ? logLinesOf(file) : [];
  const names =
    lines
      .find((line) => line.startsWith('#Fields: '))
      ?.slice(9)
      .split(' ') ?? [];
  const actions = new Map([
    ['DROP', 'denied'],
    ['OPEN', 'allowed'],
  ]);

  /** By the header of the file. */
  function plainly(line: string): Facts {
    if (line.startsWith('#') || / CLOSE /.test(line)) return { outcome: 'ignored' };
    const words = line.split(' ');
    const field = (name: string) => words[names.indexOf(name)];
    if (field('action') === 'INFO-EVENTS-LOST') return { outcome: 'loss' };
    const hasPorts = /^(?:TCP|UDP)$/.test(field('protocol') ?? '');
    return withoutUndefined({
      outcome: 'attempt',
      action: actions.get(field('action') ?? ''),
      transport: field('protocol')?.toLowerCase(),
      source: field('src-ip'),
      destination: field('dst-ip'),
      sourcePort: hasPorts ? port(field('src-port')) : undefined,
      destinationPort: hasPorts ? port(field('dst-port')) : undefined,
    });
  }

  it.each([
    ['with its own head', new Map<string, readonly string[]>()],
    ['with the documented columns', undefined],
  ])('%s', (_name, headers) => {
    expect(lines.length).toBeGreaterThan(10);
    const options = { prefixes: [], ...(headers === undefined ? {} : { headers }) };
    for (const line of lines)
      expect(factsOf(parse(decodeLine(line), options, file)), line).toEqual(plainly(line));
  });

  it('says how many events were lost', () => {
    const lost = lines.filter((line) => line.includes('INFO-EVENTS-LOST')).map(parseLine);
    expect(lost).toMatchObject([{ kind: 'loss', loss: { count: 59 } }]);
  });
});

describe.runIf(hasCorpora)('crowdsec: UniFi in CEF', () => {
  /** Its `Meta` fields of every line. */
  function metaOf(folder: string): Map<number, Map<string, string>> {
    const all = new Map<number, Map<string, string>>();
    for (const line of linesOf(`crowdsec-hub/${folder}/parser.assert`)) {
      const [, index, name, value] =
        /^results\["s01-parse"\]\["crowdsecurity\/unifi-cef"\]\[(\d+)\]\.Evt\.Meta\["(\w+)"\] == "(.*)"$/.exec(
          line,
        ) ?? [];
      if (index === undefined) continue;
      const meta = all.get(Number(index)) ?? new Map<string, string>();
      all.set(Number(index), meta.set(name!, value!));
    }
    return all;
  }

  it('has crowdsec’s ends and protocol where the event is about a packet', () => {
    const meta = metaOf('unifi-cef');
    const lines = logLinesOf('crowdsec-hub/unifi-cef/cef-logs.log');
    expect(meta.size).toBe(lines.length);
    for (const [i, line] of lines.entries()) {
      const wanted = meta.get(i)!;
      const facts = factsOf(parseLine(line));
      if (!wanted.has('protocol')) expect(facts, line).toEqual({ outcome: 'ignored' });
      else
        expect(facts, line).toEqual(
          withoutUndefined({
            outcome: 'attempt',
            action: 'denied',
            transport: wanted.get('protocol')!.toLowerCase(),
            source: wanted.get('source_ip'),
            sourcePort: port(wanted.get('source_port')),
            destination: wanted.get('destination_ip'),
            destinationPort: port(wanted.get('destination_port')),
          }),
        );
    }
  });

  it('cef-logs: every packet has the ends its keys say, every other event is ignored', () => {
    for (const line of logLinesOf('crowdsec-hub/cef-logs/cef-logs.log')) {
      const key = (name: string) => new RegExp(`[| ]${name}=(\\S+)`).exec(line)?.[1];
      const isPacket = key('proto') !== undefined;
      expect(factsOf(parseLine(line)), line).toEqual(
        isPacket
          ? {
              outcome: 'attempt',
              action: 'denied',
              transport: key('proto')!.toLowerCase(),
              source: key('src'),
              sourcePort: port(key('spt')),
              destination: key('dst'),
              destinationPort: port(key('dpt')),
            }
          : { outcome: 'ignored' },
      );
    }
  });
});

describe.runIf(hasCorpora)('ossec and wazuh: ipmon', () => {
  const LINE = /(?:(\d+)x )?\w+ @[\d:]+ ([bp]) ([\d.]+),(\d+) -> ([\d.]+),(\d+) PR (\w+) .* (IN|OUT)/;

  it('whole lines are read', () => {
    const lines = logLinesOf('ossec/decoder-comment-samples.log').filter((line) => line.startsWith('ipmon['));
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      const result = parseLine(line);
      const [, count = '1', letter, source, spt, destination, dpt, transport, direction] = LINE.exec(line)!;
      expect(factsOf(result), line).toEqual({
        outcome: 'attempt',
        action: letter === 'b' ? 'denied' : 'allowed',
        transport,
        source,
        destination,
        sourcePort: Number(spt),
        destinationPort: Number(dpt),
      });
      const attempt = attemptIn(result);
      expect(attempt.count).toBe(Number(count));
      expect(attempt[direction === 'IN' ? 'ingress' : 'egress']).toMatch(/^\w+\d$/);
    }
  });

  it('those broken in two are malformed', () => {
    for (const line of logLinesOf('wazuh-ruleset/decoder-comment-samples/0290-solaris.log'))
      expect(parseLine(line), line).toMatchObject({ kind: 'malformed', parser: 'ipmon' });
  });
});

describe.runIf(hasCorpora)('crowdsec: Proxmox', () => {
  it('happened when the line says', () => {
    for (const line of logLinesOf('crowdsec-hub/proxmox-iptables-logs/proxmox-iptables.log')) {
      const [, day, month, year, time, hours, minutes] =
        /(\d\d)\/(\w{3})\/(\d{4}):([\d:]{8}) ([+-]\d\d)(\d\d)/.exec(line)!;
      const stampMs = Date.parse(`${day} ${month} ${year} ${time} GMT${hours}${minutes}`);
      expect(attemptIn(parseLine(line)), line).toMatchObject({ product: 'Proxmox', stampMs });
    }
  });
});

describe.runIf(hasCorpora)('sc4s: FTD connection events', () => {
  it('have the ends their keys say', () => {
    const lines = logLinesOf('sc4s/lines.jsonl').filter((line) => /%FTD-\d-43000[23]: /.test(line));
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      const key = (name: string) => new RegExp(`[ ,]${name}: ([^,]+)`).exec(line)?.[1];
      expect(factsOf(parseLine(line)), line).toEqual({
        outcome: 'attempt',
        action: key('AccessControlRuleAction') === 'Allow' ? 'allowed' : 'denied',
        transport: key('Protocol'),
        source: canonicalIp(key('SrcIP')!),
        destination: canonicalIp(key('DstIP')!),
        sourcePort: port(key('SrcPort')),
        destinationPort: port(key('DstPort')),
      });
    }
  });
});

describe.runIf(hasCorpora)('every sample line', () => {
  it('is claimed by one parser at most', { timeout: 60_000 }, () => {
    const claimedTwice: string[] = [];
    for (const file of corpusFiles())
      for (const line of logLinesOf(file)) {
        const message = decodeLine(line);
        const names = registrations.flatMap(({ parser }) =>
          parser.parse(message, { prefixes: [] }) === undefined ? [] : [parser.name],
        );
        if (names.length > 1) claimedTwice.push(`${names.join(' and ')}: ${file}: ${line}`);
      }
    expect(claimedTwice).toEqual([]);
  });

  it.each([
    ['ipfw', []],
    [
      'ipmon',
      ['ossec/decoder-comment-samples.log', 'wazuh-ruleset/decoder-comment-samples/0290-solaris.log'],
    ],
    ['pfirewall', ['plaso-winfirewall/firewall.log']],
    ['scanlogd', ['fail2ban/scanlogd']],
    ['portsentry', ['fail2ban/portsentry']],
    ['unifi-cef', ['crowdsec-hub/cef-logs/cef-logs.log', 'crowdsec-hub/unifi-cef/cef-logs.log']],
  ])('of %s stands in its own files', (name, files) => {
    const { parser } = registrations.find((registration) => registration.parser.name === name)!;
    const claimed = corpusFiles().filter((file) =>
      logLinesOf(file).some((line) => parser.parse(decodeLine(line), { prefixes: [] }) !== undefined),
    );
    expect(claimed).toEqual(files);
  });
});
