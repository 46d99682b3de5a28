import { readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostTest } from '../../src/match/ignore-index.ts';
import { compileMatcher } from '../../src/match/matcher.ts';
import { compilePrefilter, type Prefilter } from '../../src/match/prefilter.ts';
import { parse } from '../../src/parse/index.ts';
import * as spellings from '../../src/parse/spellings.ts';
import type { Rule, RuleSet } from '../../src/rule.ts';
import type { Attempt } from '../../src/types.ts';
import { CORPORA, hasCorpora } from '../support/corpora.ts';
import { decodeLine } from '../support/decode-line.ts';
import { hosts, ports, rule, ruleSet } from '../support/rule-sets.ts';

const SENDER = 'gw1.log';

/** The plain way: decoded, parsed, matched. */
function attemptOf(line: string): Attempt | undefined {
  const message = decodeLine(line);
  const result = parse(message, { prefixes: [] });
  if (result?.kind !== 'attempt') return undefined;
  const hostname = message.hostname ?? result.attempt.hostname;
  const observer = { address: SENDER, via: 'file' as const, ...(hostname === undefined ? {} : { hostname }) };
  return { ...result.attempt, atMs: 0, timeSource: 'device', observer, line: { sequence: 0 } };
}

function latin1(line: string): string {
  return Buffer.from(line, 'utf8').toString('latin1');
}

function spansIn(prefilter: Prefilter, text: string): string[] {
  const found: number[] = [];
  prefilter.find(text, found);
  return found.flatMap((start, i) => (i % 2 === 0 ? [text.slice(start, found[i + 1])] : []));
}

function passes(set: RuleSet, line: string): boolean {
  const prefilter = compilePrefilter(set, spellings);
  return prefilter === undefined || spansIn(prefilter, latin1(line)).length > 0;
}

/** Every way in which rules can watch what an attempt touched. */
function watching({ destination, furtherPorts, observer, action }: Attempt): RuleSet[] {
  const port = furtherPorts?.at(-1) ?? destination.port;
  const onPort = port === undefined ? ports('any') : ports(port);
  const host = destination.ip ?? '192.0.2.77';
  const name = destination.name ?? observer.hostname;
  const more: Partial<Rule> = { actions: [action] };
  const names =
    destination.ip !== undefined || name === undefined
      ? new Map<string, string>()
      : new Map([[host, name.toLowerCase()]]);
  const networks = host.includes(':') ? [host, `${host}/64`] : [host, `${host.replace(/\d+$/, '0')}/24`];
  const others = Array.from({ length: 100 }, (_, i) => `10.${i}.7.9`);
  return [
    ...networks.map((network) => ruleSet([rule('on-host', hosts(network), onPort, more)], { names })),
    ruleSet([rule('on-many', hosts(host, ...others), onPort, more)], { names }),
    ruleSet([rule('all-ports', hosts(host), ports('any'), more)], { names }),
    ruleSet([rule('on-any', hosts('any'), onPort, more)], { names }),
    ruleSet([rule('other', hosts('10.1.1.1'), ports(9), more), rule('on-any', hosts('any'), onPort, more)], {
      names,
    }),
  ];
}

/** Lines whose hit the prefilter would lose, with the rule that would have caught it. */
function lost(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const attempt = attemptOf(line);
    if (attempt === undefined) return [];
    return watching(attempt).flatMap((set) =>
      compileMatcher(set).match(attempt).length > 0 && !passes(set, line)
        ? [`${set.rules.at(-1)!.id}: ${line}`]
        : [],
    );
  });
}

const fixtures = readdirSync('fixtures/lines')
  .map((file) => readFileSync(`fixtures/lines/${file}`, 'utf8'))
  .join('\n')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

describe('the prefilter never loses a hit', () => {
  it('of a fixture, however a rule watches it', () => {
    expect(fixtures.filter((line) => attemptOf(line) !== undefined).length).toBeGreaterThan(200);
    expect(lost(fixtures)).toEqual([]);
  });

  it.runIf(hasCorpora)('of a public sample line, however a rule watches it', { timeout: 120_000 }, () => {
    const files = readdirSync(CORPORA, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.(?:log|txt)$/.test(file),
    );
    const lines = files.flatMap((file) =>
      readFileSync(`${CORPORA}/${file}`, 'utf8').split('\n').slice(0, 150),
    );
    expect(lines.length).toBeGreaterThan(100);
    expect(lost(lines.filter((line) => line !== ''))).toEqual([]);
  });

  it('of a line that was damaged', { timeout: 60_000 }, () => {
    const damaged = fc
      .tuple(fc.constantFrom(...fixtures), fc.nat(400), fc.nat(4), fc.string({ maxLength: 6 }))
      .map(([line, at, length, text]) =>
        (line.slice(0, at) + text + line.slice(at + length)).replaceAll('\n', ' '),
      );
    fc.assert(
      fc.property(damaged, (line) => {
        expect(lost([line])).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a line about the host that logged it, which states its address in place of a name', () => {
  const aboutItself = fixtures.flatMap((line) => {
    const attempt = attemptOf(line);
    const name = attempt?.observer.hostname;
    if (name === undefined || !line.includes(` ${name} `)) return [];
    return (attempt?.destination.ip ?? attempt?.destination.name) ? [] : [{ line, name }];
  });

  it.each([
    ['192.0.2.77', '192.0.2.77'],
    ['0:0:0:0:0:FFFF:c000:24d', '192.0.2.77'],
    ['2001:DB8:0::4D', '2001:db8::4d'],
    ['[2001:db8::4d]', '2001:db8::4d'],
  ])('passes when %s is watched', (stated, ip) => {
    let hits = 0;
    for (const { line, name } of aboutItself) {
      const text = line.replace(` ${name} `, ` ${stated} `);
      const attempt = attemptOf(text);
      if (attempt === undefined) continue;
      const { port } = attempt.destination;
      const onPort = port === undefined ? ports('any') : ports(port);
      const set = ruleSet([rule('stated', hosts(ip), onPort, { actions: [attempt.action] })]);
      if (compileMatcher(set).match(attempt).length === 0) continue;
      hits++;
      expect(passes(set, text), text).toBe(true);
    }
    expect(hits).toBeGreaterThan(10);
  });
});

describe('compilePrefilter()', () => {
  const paper = ruleSet([rule('paper', hosts('192.0.2.10', '192.0.2.20'), ports('143/tcp', '80/tcp'))]);
  const line = (host: string, port: number) =>
    `Nov 23 03:00:00 gw1 kernel: DROP IN=eth0 OUT= SRC=198.51.100.7 DST=${host} PROTO=TCP SPT=31337 DPT=${port} SYN`;

  it('lets only lines through that name a watched host and port', () => {
    const [watched, otherHost, otherPort, longer] = [
      line('192.0.2.20', 143),
      line('192.0.2.21', 143),
      line('192.0.2.10', 142),
      line('192.0.2.100', 80),
    ];
    const text = [otherHost, watched, otherPort, longer].join('\n');
    expect(spansIn(compilePrefilter(paper, spellings)!, text)).toEqual([watched]);
  });

  it('finds lines in their order, each once, whatever they were found by', () => {
    const repeat = 'Nov 23 03:00:01 gw1 last message repeated 2 times';
    const mapped = line('::ffff:c000:214', 143);
    const lines = [mapped, line('192.0.2.10', 80), repeat, line('192.0.2.20', 80), `${repeat} to 192.0.2.10`];
    expect(spansIn(compilePrefilter(paper, spellings)!, `${lines.join('\n')}\n`)).toEqual(lines);
  });

  it('knows a port by its words and by the kind of line', () => {
    const onAny = compilePrefilter(ruleSet([rule('r', hosts('any'), ports(80, 22))]), spellings)!;
    const lines = [
      'Deny tcp src outside:198.51.100.7/1 dst inside:192.0.2.10/www by',
      'sshd[1]: Invalid user x from 198.51.100.7',
    ];
    expect(spansIn(onAny, lines.join('\n'))).toEqual(lines);
  });

  it('lets the head of a table through, without which its rows can not be read', () => {
    const head = '#Fields: date time action protocol dst-ip src-ip dst-port src-port';
    const row = '2026-11-23 03:00:00 DROP TCP 192.0.2.10 198.51.100.7 143 31337';
    const other = '2026-11-23 03:00:00 DROP TCP 192.0.2.99 198.51.100.7 143 31337';
    expect(spansIn(compilePrefilter(paper, spellings)!, [head, other, row].join('\n'))).toEqual([head, row]);
  });

  it('takes octets for no port, and a port behind an address for one', () => {
    const onAny = compilePrefilter(ruleSet([rule('r', hosts('any'), ports(80))]), spellings)!;
    const lines = ['from 80.1.1.80 to 192.0.80.2', '198.51.100.7.1024 > 192.0.2.10.80: S'];
    expect(spansIn(onAny, lines.join('\n'))).toEqual([lines[1]]);
  });

  it('is undefined where nearly every line would pass', () => {
    expect(compilePrefilter(ruleSet([rule('r', hosts('any'), ports('any'))]), spellings)).toBeUndefined();
    expect(compilePrefilter(ruleSet([rule('r', hosts('any'), ports('1-1024'))]), spellings)).toBeUndefined();
    expect(compilePrefilter(ruleSet([rule('r', hosts('0.0.0.0/0'), ports(80))]), spellings)).toBeUndefined();
  });

  it('does not apply to a sender that is watched itself', () => {
    const prefilter = compilePrefilter(paper, spellings)!;
    expect(prefilter.appliesTo('192.0.2.10')).toBe(false);
    expect(prefilter.appliesTo('192.0.2.11')).toBe(true);
    expect(prefilter.appliesTo('/var/log/router.log')).toBe(true);
  });

  it('passes nothing when there is no rule', () => {
    const lines = fixtures.filter((line) => !/message repeated |#Fields:/.test(line));
    expect(spansIn(compilePrefilter(ruleSet([]), spellings)!, lines.map(latin1).join('\n'))).toEqual([]);
  });
});

describe('where a watched address stands', () => {
  const many = Array.from({ length: 300 }, (_, i) => `10.${i % 7}.${i % 250}.9`);
  const sets = [
    ['192.0.2.10'],
    ['192.0.2.10', '192.0.2.20', '198.51.100.0/24'],
    ['192.0.2.10', '203.0.0.0/16', '2001:db8::1'],
    ['192.0.2.10', ...many],
    ['192.0.2.10', '203.0.0.0/8', ...many],
  ];
  const word = fc.constantFrom(
    '192.0.2.10',
    '192.0.2.20',
    '192.0.2.100',
    '198.51.100.7',
    '203.0.113.9',
    '10.1.1.9',
    '10.9.9.9',
    '10.5',
    '7',
    '2001:db8::1',
    'word',
  );
  const text = fc
    .array(fc.tuple(word, fc.constantFrom(' ', '\n', '=')), { maxLength: 40 })
    .map((words) => words.flat().join(''));

  it.each(sets.map((set) => [set.slice(0, 3).join(' '), set] as const))('%s: its line is found', (_, set) => {
    const watched = hosts(...set);
    const prefilter = compilePrefilter(ruleSet([rule('all', watched, ports('any'))]), spellings)!;
    const isWatched = hostTest(watched);
    let wanted = 0;
    fc.assert(
      fc.property(text, (log) => {
        const found = spansIn(prefilter, log);
        const lines = log
          .split('\n')
          .filter((line) => line.split(/[ =]/).some((each) => isIP(each) !== 0 && isWatched(each)));
        wanted += lines.length;
        expect(found).toEqual(expect.arrayContaining(lines));
      }),
      { numRuns: 500 },
    );
    expect(wanted).toBeGreaterThan(100);
  });

  it('finds no line that only resembles one of very many hosts', () => {
    const prefilter = compilePrefilter(
      ruleSet([rule('all', hosts('192.0.2.10', ...many), ports('any'))]),
      spellings,
    )!;
    expect(
      spansIn(prefilter, 'SRC=10.9.9.9 DST=192.0.2.11\nSRC=10.9.9.9 DST=10.1.1.9\n10.9.9.9 192.0.2.10'),
    ).toEqual(['SRC=10.9.9.9 DST=10.1.1.9', '10.9.9.9 192.0.2.10']);
  });
});
