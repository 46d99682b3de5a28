import { readdirSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalIp } from '../../src/lib/ip.ts';
import { protocolOf } from '../../src/lib/protocols.ts';
import {
  CORPORA,
  crowdsecResults,
  type Facts,
  factsOf,
  hasCorpora,
  linesOf,
  parseLine,
  withoutUndefined,
} from '../support/corpora.ts';

/** A format: what its lines hold, which of them report an attempt, and a second, careless way to read those. */
interface Format {
  readonly parser: string;
  readonly signature: RegExp;
  readonly attempt: RegExp;
  readonly read: (line: string) => Facts;
  /** How many lines the corpora hold, at least. */
  readonly atLeast: number;
}

const DENIED = /\b(?:deny|denied|drop|dropped|reset-both|drop-\w+|clear_session)\b/i;

function facts(
  action: string,
  transport: string | undefined,
  source: string | undefined,
  sourcePort: string | undefined,
  destination: string | undefined,
  destinationPort: string | undefined,
): Facts {
  const { transport: name, protocolNumber } = transport === undefined ? {} : protocolOf(transport);
  const isPorted = name === 'tcp' || name === 'udp' || transport === undefined;
  const port = (text: string | undefined) =>
    !isPorted || text === undefined || text === '' ? undefined : Number(text);
  return withoutUndefined({
    outcome: 'attempt',
    action,
    transport: name ?? String(protocolNumber),
    source: source === undefined ? undefined : canonicalIp(source),
    destination: destination === undefined ? undefined : canonicalIp(destination),
    sourcePort: port(sourcePort),
    destinationPort: port(destinationPort),
  });
}

/** The first value of a key, quotes taken off. */
function value(line: string, ...keys: string[]): string | undefined {
  for (const key of keys) {
    const match = new RegExp(`[ ,\\[]${key}=(?:"([^"]*)"|([^ ,]*))`).exec(` ${line}`);
    if (match !== null) return match[1] ?? match[2];
  }
  return undefined;
}

const FORMATS: readonly Format[] = [
  {
    parser: 'mikrotik',
    signature: / in:\S+ out:|(?:system|firewall),(?:info|error)/,
    attempt: / in:\S+ out:| login failure for user /,
    atLeast: 38,
    read(line) {
      const login = /login failure for user .* from (\S+) via (\w+)$/.exec(line);
      const ports: Record<string, string> = { ssh: '22', winbox: '8291', web: '80' };
      if (login !== null)
        return facts('failed', 'tcp', login[1], undefined, undefined, ports[login[2] ?? '']);
      const [, protocol, from, fromPort, to, toPort] =
        /proto (\w+).*?, \[?([^\s\]]+?)\]?:(\d+)->\[?([^\s\]]+)\]?:(\d+),/.exec(line) ?? [];
      return facts(/ drop-/.test(line) ? 'denied' : 'unknown', protocol, from, fromPort, to, toPort);
    },
  },
  {
    parser: 'palo-alto',
    signature: /,\d{4}\/\d\d\/\d\d [\d:]{8},\w+,[A-Z]{3,},/,
    attempt: /,(?:TRAFFIC|THREAT,(?:scan|flood|packet|vulnerability)),/,
    atLeast: 20,
    read(line) {
      // No field up to the action is quoted in any of them.
      const f = line.slice(line.indexOf(',20')).split(',');
      const action = DENIED.test(f[30] ?? '') ? 'denied' : 'allowed';
      return facts(action, f[29], f[7], f[24], f[8], f[25]);
    },
  },
  {
    parser: 'sonicwall',
    signature: /\bid=\S+ +sn=\w+ time=/,
    attempt: /msg="(?:Connection (?:Opened|Closed)|.* dropped|.* login denied.*?)"/,
    atLeast: 15,
    read(line) {
      const [src = '', dst = ''] = [value(line, 'src'), value(line, 'dst')];
      const [source, sourcePort] = src.split(':');
      const [destination, destinationPort] = dst.split(':');
      const action = / dropped"/.test(line) ? 'denied' : / denied /.test(line) ? 'failed' : 'allowed';
      const protocol = value(line, 'proto')?.split('/')[0] ?? /msg="(TCP|UDP)/.exec(line)?.[1];
      return facts(
        action,
        protocol,
        value(line, 'srcV6') ?? source,
        sourcePort,
        value(line, 'dstV6') ?? destination,
        destinationPort,
      );
    },
  },
  {
    parser: 'netscreen',
    signature: /NetScreen device_id=\S+ +\[[^\]]*\]system-/,
    attempt: /\(traffic\)|! From /,
    atLeast: 10,
    read(line) {
      const [, from, fromPort, to, toPort, word] =
        /! From ([^\s:]+)(?::(\d+))? to ([^\s:,]+)(?::(\d+))?, proto (\w+)/.exec(line) ?? [];
      if (word !== undefined) return facts('unknown', word, from, fromPort, to, toPort);
      return facts(
        value(line, 'action') === 'Deny' ? 'denied' : 'allowed',
        value(line, 'proto'),
        value(line, 'src'),
        value(line, 'src_port'),
        value(line, 'dst'),
        value(line, 'dst_port'),
      );
    },
  },
  {
    parser: 'junos-srx',
    signature: /RT_(?:FLOW|IDS)(?:: | - )[A-Z_]+/,
    attempt: /RT_(?:FLOW_SESSION_\w+|SCREEN_(?:TCP|IP))/,
    atLeast: 17,
    read(line) {
      const action = /_DENY|action="drop"/.test(line) ? 'denied' : 'allowed';
      const plain = / ([^\s/]+)\/(\d+)->([^\s/]+)\/(\d+) .*? (\d{1,3})(?:\(| [\w-]+(?:\(\w+\))? \w+ )/.exec(
        line,
      );
      if (!line.includes('source-address=') && plain !== null)
        return facts(action, plain[5], plain[1], plain[2], plain[3], plain[4]);
      return facts(
        action,
        value(line, 'protocol-id') ?? /SCREEN_(TCP|UDP)/.exec(line)?.[1],
        value(line, 'source-address'),
        value(line, 'source-port'),
        value(line, 'destination-address'),
        value(line, 'destination-port'),
      );
    },
  },
  {
    parser: 'fortigate',
    signature: /\b(?:devid|device_id)=F/,
    attempt: /type=(?:traffic|anomaly)|subtype=ips|"Admin login (?:failed|successful)"|ssl-login-fail/,
    atLeast: 38,
    read(line) {
      if (/ssl-login-fail/.test(line))
        return facts('failed', undefined, value(line, 'remip'), undefined, undefined, undefined);
      const [, service, from] = /ui=(ssh|https)\(([^)]*)\)/.exec(line) ?? [];
      if (service !== undefined) {
        const action = /status=failed/.test(line) ? 'failed' : 'allowed';
        return facts(action, 'tcp', from, undefined, undefined, service === 'ssh' ? '22' : '443');
      }
      const action = value(line, 'action', 'status') ?? '';
      return facts(
        DENIED.test(action) ? 'denied' : 'allowed',
        value(line, 'proto'),
        value(line, 'srcip', 'src'),
        value(line, 'srcport', 'src_port'),
        value(line, 'dstip', 'dst'),
        value(line, 'dstport', 'dst_port'),
      );
    },
  },
];

/** Lines that nothing is made of, and why that is right. */
const REFUSED: readonly (readonly [pattern: RegExp, because: string])[] = [
  [/TRAFFIC,\w+,0000,.*,00\.00\.000\.00,/, 'anonymised: 00.00.000.00 is no address'],
  [
    /NetScreen device_id=netscreen2 /,
    'a sample cut in front of its ports: what it ends in may be half an address',
  ],
];
const NOT_OURS: readonly (readonly [pattern: RegExp, because: string])[] = [
  [/^-RT_FLOW_SESSION_DENY /, 'a comment that lists names of messages'],
  [/^\.\.\. NetScreen/, 'a comment: three dots in the place of the header'],
  [/NetScreen device_id=Text/, 'a comment: no message behind the header'],
];

/** Every text line of the corpora, whatever kind of file it is in. */
function allLines(): { where: string; line: string }[] {
  return readdirSync(CORPORA, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(`${CORPORA}/${file}`).isFile())
    .filter((file) => !/(?:\.assert|SOURCE\.txt)$/.test(file))
    .flatMap((file) =>
      linesOf(file).map((text, i) => ({ where: `${file}:${i + 1}`, line: lineIn(file, text) })),
    )
    .filter(({ line }) => line !== '' && !line.startsWith('#'));
}

/** A log line as it lies in a file: itself, a JSON property, or what a test is given. */
function lineIn(file: string, text: string): string {
  if (text === '') return '';
  if (file.endsWith('.jsonl')) {
    const { line, message } = JSON.parse(text) as { line?: string; message?: string };
    return line ?? message ?? '';
  }
  return text.replace(/^log \d+ (?:pass|fail) = /, '').replace(/^>? ?\d:> \d:/, '');
}

describe.runIf(hasCorpora)('public lines of firewall vendors', () => {
  const lines = hasCorpora ? allLines() : [];

  it.each(FORMATS)('$parser: every line is read, and as a careless second reading has it', (format) => {
    const ours = lines.filter(({ line }) => format.signature.test(line));
    expect(ours.length).toBeGreaterThanOrEqual(format.atLeast);
    for (const { where, line } of ours) {
      const result = parseLine(line);
      if (NOT_OURS.some(([pattern]) => pattern.test(line))) {
        expect([where, result]).toEqual([where, undefined]);
        continue;
      }
      const parser =
        result?.kind === 'attempt' ? result.attempt.parser : result && 'parser' in result && result.parser;
      expect([where, line, parser]).toEqual([where, line, format.parser]);
      if (REFUSED.some(([pattern]) => pattern.test(line))) {
        expect([where, result?.kind]).toEqual([where, 'malformed']);
      } else if (format.attempt.test(line)) {
        expect([where, line, factsOf(result)]).toEqual([where, line, format.read(line)]);
      } else {
        expect([where, line, result?.kind]).toEqual([where, line, 'ignored']);
      }
    }
  });

  it('no other line is taken for one of theirs', () => {
    const names = new Set(FORMATS.map(({ parser }) => parser));
    const taken: string[] = [];
    for (const { where, line } of lines) {
      if (FORMATS.some(({ signature }) => signature.test(line))) continue;
      const result = parseLine(line);
      const parser =
        result?.kind === 'attempt' ? result.attempt.parser : result && 'parser' in result && result.parser;
      if (parser && names.has(parser)) taken.push(`${parser} takes ${where}: ${line}`);
    }
    expect(taken).toEqual([]);
  });

  it('crowdsec mikrotik and palo-alto: fields as their parser.assert expects', () => {
    for (const [folder, file, parser] of [
      ['mikrotik-logs', 'mikrotik-logs.log', 'a1ad/mikrotik-logs'],
      ['palo-alto-threat', 'palo-alto-threat.log', 'crowdsecurity/palo-alto-threat-log'],
    ] as const) {
      const samples = linesOf(`crowdsec-hub/${folder}/${file}`).filter((line) => line !== '');
      const results = crowdsecResults(folder, 's01-parse', parser);
      let compared = 0;
      for (const [i, { success, fields }] of results.entries()) {
        const result = parseLine(samples[i]!);
        if (!success || result?.kind !== 'attempt') continue;
        const { attempt } = result;
        compared++;
        const expected = {
          source: canonicalIp(fields.source_ip ?? fields.src_ip ?? ''),
          sourcePort: fields.src_port,
          destination: canonicalIp(fields.dst_ip ?? ''),
          destinationPort: attempt.kind === 'login' ? undefined : fields.dst_port,
          ingress: fields.if_in ?? fields.src_zone,
          count: fields.repeat_count ?? '1',
          user: fields.username,
        };
        const got = {
          source: attempt.source.ip,
          sourcePort: attempt.source.port?.toString(),
          destination: attempt.destination.ip,
          destinationPort: attempt.kind === 'login' ? undefined : attempt.destination.port?.toString(),
          ingress: attempt.ingress,
          count: String(attempt.count),
          user: attempt.user,
        };
        for (const key of Object.keys(expected) as (keyof typeof expected)[])
          if (expected[key] !== undefined)
            expect([samples[i], key, got[key]]).toEqual([samples[i], key, expected[key]]);
      }
      expect([folder, compared]).toEqual([folder, samples.length]);
    }
  });

  it('fail2ban routeros-auth: address and user as its failJSON expects', () => {
    let expected: { match: boolean; host?: string; user?: string } | undefined;
    let compared = 0;
    for (const text of linesOf('fail2ban/routeros-auth')) {
      const json = /^# failJSON: (.*)$/.exec(text)?.[1];
      if (json !== undefined) expected = JSON.parse(json);
      if (text === '' || text.startsWith('#') || expected === undefined) continue;
      const result = parseLine(text);
      compared++;
      if (!expected.match) {
        expect([text, result?.kind]).toEqual([text, 'ignored']);
        continue;
      }
      expect(result).toMatchObject({
        kind: 'attempt',
        attempt: { kind: 'login', action: 'failed', source: { ip: expected.host }, user: expected.user },
      });
    }
    expect(compared).toBe(4);
  });
});
