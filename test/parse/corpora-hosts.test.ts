import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/decode.ts';
import { canonicalIp } from '../../src/lib/ip.ts';
import { http } from '../../src/parse/http.ts';
import { login } from '../../src/parse/login.ts';
import type { ParseResult } from '../../src/parse/parser.ts';
import { sshd } from '../../src/parse/sshd.ts';
import { tcpWrappers } from '../../src/parse/tcp-wrappers.ts';
import { attemptOf, parseLine } from '../support/host-line.ts';

/** Sample logs of other projects. They are not part of this one: without them these tests are skipped. */
const CORPORA = '../shared/corpora';
const present = existsSync(CORPORA);
if (!present) console.warn(`skipped: ${CORPORA} is absent`);

const PARSERS = [sshd, tcpWrappers, login, http];

/** The only result among all host parsers; two answers for one line would be a fault. */
function parseHostLine(line: string): ParseResult | undefined {
  const results = PARSERS.map((parser) => parseLine(parser, line)).filter((result) => result !== undefined);
  expect(results.length, line).toBeLessThan(2);
  return results[0];
}

/** `failed 192.0.2.1`, `allowed host.example.net`, or why there is no attempt. */
function summary(result: ParseResult | undefined): string {
  if (result === undefined) return 'foreign';
  if (result.kind === 'loss') return 'loss';
  if (result.kind !== 'attempt') return `${result.kind}: ${result.reason}`;
  const { action, source } = result.attempt;
  return `${action} ${source.ip ?? source.name ?? 'nobody'}`;
}

/** A difference between another project's answer and ours, and why ours is meant. */
interface Difference {
  readonly line: RegExp;
  readonly ours: RegExp;
  readonly because: string;
}

/** Says for each line whether an entry explains our answer, and at the end that no entry is idle. */
class Differences {
  readonly #entries: readonly Difference[];
  readonly #used = new Set<Difference>();

  constructor(entries: readonly Difference[]) {
    this.#entries = entries;
  }

  explain(line: string, ours: string): string | undefined {
    const found = this.#entries.find((entry) => entry.line.test(line) && entry.ours.test(ours));
    if (found !== undefined) this.#used.add(found);
    return found?.because;
  }

  idle(): string[] {
    return this.#entries.filter((entry) => !this.#used.has(entry)).map(({ because }) => because);
  }
}

function linesOf(path: string): string[] {
  return readFileSync(`${CORPORA}/${path}`, 'latin1')
    .split('\n')
    .filter((line) => line.trim() !== '');
}

interface FailJson {
  readonly match: boolean;
  readonly host?: string;
  readonly ip4?: string;
  readonly ip6?: string;
  readonly desc?: string;
}

/** fail2ban's samples: `# failJSON: {...}` above each line. Two answers for one line are for two modes: the stricter counts. */
function failJsonOf(path: string): (readonly [string, FailJson])[] {
  const samples = new Map<string, FailJson>();
  let expected: FailJson | undefined;
  for (const line of linesOf(path)) {
    const json = /^# failJSON: (\{.*\})/.exec(line)?.[1];
    if (json !== undefined) expected = JSON.parse(json);
    else if (!line.startsWith('#') && expected !== undefined) {
      if (samples.get(line)?.match !== true) samples.set(line, expected);
      expected = undefined;
    }
  }
  return [...samples];
}

const HOLDS_NO_ADDRESS =
  'fail2ban remembers the address of an earlier line of the same process; this line holds none, so it names nobody';

describe.runIf(present)('fail2ban', () => {
  const differences = new Differences([
    {
      line: /Too many authentication failures|kex_exchange_identification|negotiate a key exch|no matching mac|Read from socket/,
      ours: /^ignored/,
      because: HOLDS_NO_ADDRESS,
    },
    {
      line: /ruser=sudoer|Accepted password for known/,
      ours: /^(?:ignored|allowed)/,
      because:
        'fail2ban sums up several lines of one connection here; PAM lines are left to the lines sshd writes itself',
    },
    {
      line: /192\.030/,
      ours: /^malformed/,
      because: 'a leading zero is octal to some programs and decimal to others: no address',
    },
    {
      line: /ssh2: from /,
      ours: / 10\.10\.1\.2$/,
      because:
        'sshd prints no such words behind a password failure, so they belong to the user name, and the line ends with the address; the other reading is what an attacker called `root from VICTIM port 1 ssh2:` wants',
    },
    {
      line: /Connection closed by \S+(?: port \d+)?$/,
      ours: /^ignored/,
      because: 'how a session ends too; only an earlier line tells fail2ban more',
    },
    {
      line: /Failed publickey for git/,
      ours: /^failed/,
      because: 'reported as a request, not as a failed login',
    },
    { line: /Connection from /, ours: /^allowed/, because: 'a connection is a contact; it fails nothing' },
    { line: /Accepted /, ours: /^allowed/, because: 'a successful login is reported as allowed' },
    {
      line: /Disconnect(?:ing|ed from) .*\[preauth\]/,
      ours: /^failed/,
      because: 'fail2ban has counted the connection already; it is a request here, not a failed login',
    },
  ]);

  for (const file of ['sshd', 'sshd-journal', 'xinetd-fail']) {
    const samples = present ? failJsonOf(`fail2ban/${file}`) : [];
    it(`${file}: ${samples.length} lines have fail2ban's answer, or a reason`, () => {
      expect(samples.length).toBeGreaterThan(1);
      const unexplained: string[] = [];
      for (const [line, expected] of samples) {
        const result = parseHostLine(line);
        const ours = summary(result);
        if (!agrees(result, expected) && differences.explain(line, ours) === undefined) {
          unexplained.push(`${JSON.stringify(expected)}\n  ${line}\n  ${ours}`);
        }
      }
      expect(unexplained).toEqual([]);
    });
  }

  it('explains no difference that is not there', () => expect(differences.idle()).toEqual([]));

  it('bsd: every line is a failure, and its last word or the address before `port` is the source', () => {
    for (const file of readdirSync(`${CORPORA}/fail2ban/bsd`)) {
      for (const line of linesOf(`fail2ban/bsd/${file}`)) {
        expect(summary(parseHostLine(line)), line).toBe(
          `failed ${/ from (\S+)(?: port \d+ ssh2)?$/.exec(line)?.[1]}`,
        );
      }
    }
  });
});

function agrees(result: ParseResult | undefined, expected: FailJson): boolean {
  const attempt = attemptOf(result);
  const host = expected.host ?? expected.ip4 ?? expected.ip6;
  if (!expected.match || attempt === undefined || host === undefined)
    return !expected.match && attempt === undefined;
  if (attempt.action !== 'failed' && attempt.action !== 'denied') return false;
  return (attempt.source.ip ?? attempt.source.name) === (canonicalIp(host) ?? host);
}

/** Where a corpus states no answer: the line's only address or the word behind its last `from`, or a reason. */
function naiveSource(line: string): string | undefined {
  const addresses = line.match(/(?<![\d.\w-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)/g) ?? [];
  return addresses.at(-1) ?? / from (?:\S+@)?([\w.-]+)/i.exec(line)?.[1];
}

describe.runIf(present)('wazuh', () => {
  const files = [
    ...['sshd', '403', '408', '409', 'telnetd', 'unkown', 'ftpd', 'access-control', '301'].map(
      (name) => `log-entries/${name}`,
    ),
    ...['0310-ssh', '0335-telnet'].map((name) => `decoder-comment-samples/${name}.log`),
    'tests/sshd.ini',
  ];
  const differences = new Differences([
    {
      line: /^[^:]*$|^127\.0\.0\.1:868$|^ ?log \d|^(?:rule|alert|decoder) =|^\[[^\]]*\]$|^#/,
      ours: /^foreign/,
      because: 'no log line: a heading, or the second half of a broken one',
    },
    {
      line: /refused connect from$/,
      ours: /^malformed/,
      because: 'the line was broken in two in the corpus',
    },
    { line: /\(null\)/, ours: /^ignored: at a terminal/, because: 'at the console' },
    {
      line: /pam_\w+|authentication failure;/,
      ours: /^(?:ignored|foreign)/,
      because: "PAM's word on an attempt the daemon reports itself",
    },
    {
      line: /POSSIBLE BREAK|reverse mapping|warning: |gethostbyaddr/,
      ours: /^(?:ignored|foreign)/,
      because: 'about a name, not an attempt',
    },
    {
      line: /ttloop|timed out after|FTPD: |FTP session closed|end of file, while|while reading line|NOQUEUE|Deactivating/,
      ours: /^(?:ignored|foreign)/,
      because: 'no login and no connect',
    },
    { line: /x\.x\.x\.x|from \.\.\./, ours: /^malformed/, because: 'made anonymous: no address' },
    { line: /Sender sshd/, ours: /^foreign/, because: 'Apple ASL, another format' },
    { line: /User root|coming from/, ours: /^ignored/, because: 'cut short, or of another ssh server' },
    {
      line: /Connection closed by \S+$|Received disconnect .*11: Bye Bye$|Read error|Postponed|input_userauth/,
      ours: /^ignored/,
      because: 'how every session ends, or the middle of a login',
    },
    {
      line: /sshd\[\d+\]: (?:error|fatal|debug1|pam|subsystem|Authentication refused|Corrupted|Bad packet|Disconnecting|Could)/,
      ours: /^ignored/,
      because: 'about the server itself, or without an address',
    },
  ]);

  it.each(files)('%s: every line has its address, or a reason', (file) => {
    const unexplained: string[] = [];
    let attempts = 0;
    for (const raw of linesOf(`wazuh-ruleset/${file}`)) {
      const line = raw.replace(/^log \d+ (?:pass|fail) = /, '').trim();
      const result = parseHostLine(line);
      const ours = summary(result);
      const attempt = attemptOf(result);
      const source = attempt?.source.ip ?? attempt?.source.name;
      if (source !== undefined && source === naiveSource(line)) attempts++;
      else if (differences.explain(line, ours) === undefined) unexplained.push(`${line}\n  ${ours}`);
    }
    expect(unexplained).toEqual([]);
    if (!/408|301/.test(file)) expect(attempts).toBeGreaterThan(0);
  });

  it('explains no difference that is not there', () => expect(differences.idle()).toEqual([]));
});

describe.runIf(present)('crowdsec', () => {
  const directories = present
    ? readdirSync(`${CORPORA}/crowdsec-hub`).filter((name) => name.includes('ssh'))
    : [];
  const differences = new Differences([
    { line: /pam_unix/, ours: /^ignored/, because: "PAM's word on an attempt sshd reports itself" },
    { line: /Close session: /, ours: /^ignored/, because: 'crowdsec has no answer either: a session ended' },
  ]);

  it.each(directories)('%s: every line has an address crowdsec asserts, or a reason', (directory) => {
    const files = readdirSync(`${CORPORA}/crowdsec-hub/${directory}`);
    const asserted = files
      .filter((name) => name.endsWith('.assert'))
      .flatMap((name) => linesOf(`crowdsec-hub/${directory}/${name}`))
      .flatMap(
        (line) =>
          /(?:source_ip"?\] == |sshd_client_ip"?\] == |GetValue\(\) == )"(.+)"$/.exec(line)?.[1] ?? [],
      );
    const lines = files
      .filter((name) => name.endsWith('.log'))
      .flatMap((name) => linesOf(`crowdsec-hub/${directory}/${name}`));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const result = parseHostLine(line);
      const ours = summary(result);
      const attempt = attemptOf(result);
      const agreed =
        attempt?.source.ip !== undefined &&
        asserted.includes(attempt.source.ip) &&
        line.includes(attempt.source.ip);
      expect(agreed || differences.explain(line, ours) !== undefined, `${line}\n${ours}`).toBe(true);
    }
  });

  it('explains no difference that is not there', () => expect(differences.idle()).toEqual([]));
});

describe.runIf(present)('every other corpus', () => {
  /** Formats of these parsers stand in these. */
  const OURS =
    /fail2ban\/|wazuh-ruleset\/(?:log-entries|decoder-comment|tests)|crowdsec-hub\/.*ssh|crowdsec-hub\/(?:pam|dropbear|syslog)|rsyslog|SOURCE/;
  const files = present
    ? readdirSync(CORPORA, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`.slice(CORPORA.length + 1))
        .filter((file) => !OURS.test(file))
    : [];

  it('is foreign to these parsers', () => {
    for (const file of files) {
      for (const line of linesOf(file)) {
        for (const parser of PARSERS) {
          const message = decode(line, { referenceMs: Date.UTC(2026, 10, 23), zone: 'UTC' });
          if (message.appName?.startsWith('sshd') || message.appName?.endsWith('login')) continue;
          expect(parser.parse(message, { prefixes: [] }), `${file}: ${line}`).toBeUndefined();
        }
      }
    }
  });
});
