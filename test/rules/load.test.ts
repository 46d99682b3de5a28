import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Rule } from '../../src/rule.ts';
import { type LoadOptions, loadRules } from '../../src/rules/load.ts';

const NOW = Date.UTC(2026, 10, 23);
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'knockwatch-rules-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Loads files given as name -> text; problems as `file:line:column level message`. */
async function load(files: Record<string, string | Buffer>, options: LoadOptions = {}) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const { ruleSet, problems } = await loadRules(directory, { nowMs: NOW, ...options });
  const lines = problems.map(
    ({ position: { file, line, column }, level, message }) =>
      `${file.slice(directory.length + 1)}:${line}:${column} ${level} ${message}`,
  );
  return { ruleSet, problems: lines };
}

/** A whole rule on lines of its own, with `extra` lines behind it. */
const rule = (id: string, extra = '') =>
  `  - id: ${id}\n    watch: { hosts: any, ports: [imap] }\n    detect: { address-scan: { hosts: 3, within: 60s } }\n${extra}`;

async function onlyRule(text: string): Promise<Rule> {
  const { ruleSet, problems } = await load({ 'a.yaml': text });
  expect(problems).toEqual([]);
  return ruleSet!.rules[0]!;
}

describe('loadRules() names the place and the remedy of', () => {
  it.each<[string, string, string]>([
    ['bad YAML', 'rules: [', '1:9 error not valid YAML near `rules: [`'],
    ['a list as file', '- a\n', '1:1 error a list cannot be used for the file: a mapping'],
    ['text as file', 'hello\n', '1:1 error `hello` cannot be used for the file: a mapping'],
    ['an unknown key at the top', 'rule: []\n', '1:1 error unknown key `rule` - did you mean `rules`?'],
    [
      'an unknown key in watch',
      `rules:\n  - id: a\n    watch: { hosts: any, port: [imap] }\n    detect: { any: {} }\n`,
      '3:26 error unknown key `port` - did you mean `ports`?',
    ],
    [
      'an unknown detector',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: [imap] }\n    detect: { adress-scan: {} }\n`,
      '4:15 error unknown key `adress-scan` - did you mean `address-scan`?',
    ],
    [
      'an unknown key of a detector',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: [imap] }\n    detect: { any: { bye: [source] } }\n`,
      '4:22 error unknown key `bye` - did you mean `by`?',
    ],
    [
      'no detector',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: [imap] }\n    detect: {}\n`,
      '4:13 error at least one detector is needed',
    ],
    [
      'a missing key',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: imap }\n`,
      '2:5 error `detect` is missing',
    ],
    [
      'an empty detector',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: imap }\n    detect: { any: }\n`,
      '4:15 error write `any: {}`',
    ],
    [
      'a wrong severity',
      `rules:\n${rule('a', '    severity: hihg\n')}`,
      '5:15 error `hihg` is not valid for `severity` - did you mean `high`?',
    ],
    [
      'a wrong action',
      `rules:\n${rule('a', '    actions: [denied, alowed]\n')}`,
      '5:23 error `alowed` is not valid for `actions` - did you mean `allowed`?',
    ],
    [
      'a wrong group',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: imap }\n    detect: { repeat: { count: 5, within: 1m, by: [sorce] } }\n`,
      '4:52 error `sorce` is not valid for `by` - did you mean `source`?',
    ],
    [
      'a duration without unit',
      `rules:\n${rule('a', '    quiet: 60\n')}`,
      '5:12 error `60`: a span of time is expected - write a number and a unit',
    ],
    [
      'a duration in words',
      `rules:\n${rule('a', '    quiet: an hour\n')}`,
      '5:12 error `an hour`: not a span of time',
    ],
    [
      'a duration of nothing',
      `rules:\n${rule('a', '    quiet: 0s\n')}`,
      '5:12 error `0s`: must be longer than nothing',
    ],
    ['a duration too long', `rules:\n${rule('a', '    quiet: 32d\n')}`, '5:12 error `32d`: at most 31d'],
    [
      'a threshold too small',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: imap }\n    detect: { address-scan: { hosts: 1, within: 60s } }\n`,
      '4:38 error `1` is too small for `hosts`: at least 2',
    ],
    [
      'half a host',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: imap }\n    detect: { address-scan: { hosts: 2.5, within: 60s } }\n`,
      '4:38 error `2.5` cannot be used for `hosts`: a whole number',
    ],
    [
      'hosts counted by host',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: imap }\n    detect: { address-scan: { hosts: 3, within: 60s, by: [host] } }\n`,
      '4:58 error address-scan counts hosts, so it cannot',
    ],
    [
      'port 70000',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: [70000] }\n    detect: { any: {} }\n`,
      '3:34 error `70000`: a port is between 0 and 65535',
    ],
    [
      'port 70000 as text',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: ["70000"] }\n    detect: { any: {} }\n`,
      '3:34 error `70000` is not a port: ports end at 65535',
    ],
    [
      'a reversed range',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: [6063-6000] }\n    detect: { any: {} }\n`,
      '3:34 error `6063-6000` runs backwards: write 6000-6063',
    ],
    [
      'an unknown service',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: [imap, htpp] }\n    detect: { any: {} }\n`,
      '3:40 error unknown service `htpp` - did you mean `http`?',
    ],
    [
      'an unknown service alone',
      `rules:\n  - id: a\n    watch: { hosts: any, ports: impa }\n    detect: { any: {} }\n`,
      '3:33 error unknown service `impa` - did you mean `imap`?',
    ],
    [
      'an unknown host',
      `hosts: { lisa: 192.0.2.10 }\nrules:\n  - id: a\n    watch: { hosts: [liza], ports: imap }\n    detect: { any: {} }\n`,
      '4:22 error unknown host `liza` - did you mean `lisa`?',
    ],
    [
      'a glob for nobody',
      `hosts: { lisa: 192.0.2.10 }\nrules:\n  - id: a\n    watch: { hosts: "ns*", ports: imap }\n    detect: { any: {} }\n`,
      '4:21 error `ns*`: matches no named host',
    ],
    ['a bad address', 'hosts:\n  lisa: 192.0.2.256\n', '2:9 error `192.0.2.256` is not an IP address'],
    [
      'a bad network in a list',
      'hosts:\n  dmz: [192.0.2.10, 192.0.2.0/33]\n',
      '2:21 error `192.0.2.0/33` is not a network',
    ],
    ['a number as address', 'hosts:\n  lisa: 10\n', '2:9 error `10` is not valid for `lisa`'],
    ['a host named any', 'hosts:\n  any: 192.0.2.10\n', '2:3 error `any` cannot be a host name'],
    [
      'a host named like an address',
      'hosts:\n  192.0.2.11: 192.0.2.10\n',
      '2:3 error `192.0.2.11` cannot be a host name',
    ],
    [
      'a host name with a space',
      'hosts:\n  "web 1": 192.0.2.10\n',
      '2:3 error `web 1`: a host name has letters',
    ],
    [
      'a host twice',
      'hosts:\n  lisa: 192.0.2.10\n  lisa: 192.0.2.11\n',
      '3:3 error `lisa` is written twice, first on line 2',
    ],
    [
      'a host in two spellings',
      'hosts:\n  lisa: 192.0.2.10\n  Lisa: 192.0.2.11\n',
      '3:3 error host `Lisa` is already named in',
    ],
    [
      'a rule id with spaces',
      'rules:\n  - id: My Rule\n    watch: { hosts: any, ports: imap }\n    detect: { any: {} }\n',
      '2:9 error `My Rule`: a rule id has',
    ],
    ['an ignore without reason', 'ignore:\n  - sources: 203.0.113.0/28\n', '2:5 error `because` is missing'],
    [
      'an ignore with an empty reason',
      'ignore:\n  - sources: 203.0.113.0/28\n    because: "  "\n',
      '3:14 error `',
    ],
    [
      'an ignore until never',
      'ignore:\n  - sources: 203.0.113.0/28\n    because: x\n    until: 2027-02-30\n',
      '4:12 error `2027-02-30`: not a day of the calendar',
    ],
    [
      'an ignore of everything',
      'ignore:\n  - sources: any\n    because: x\n',
      '2:5 error this ignores everything',
    ],
    [
      'an ignore of everything, as networks',
      'ignore:\n  - sources: [0.0.0.0/0, "::/0"]\n    because: x\n',
      '2:5 error this ignores everything',
    ],
    [
      'an ignore of everything, in pieces',
      'ignore:\n  - sources: [128.0.0.0/1, "8000::/1", 0.0.0.0/1, "::/1"]\n    hosts: any\n    because: x\n',
      '2:5 error this ignores everything',
    ],
    ['a control character', 'hosts:\n  a: "\0"\n', '2:7 error control character U+0000'],
    [
      'an escaped control character',
      `rules:\n${rule('a', '    title: "a\\x1b[2J"\n')}`,
      '5:12 error `a\\x1b[2J`: must fit on one line',
    ],
    [
      'a prototype key',
      'hosts:\n  __proto__: 192.0.2.10\n',
      '2:3 error `__proto__` cannot be used as a name',
    ],
    ['deep nesting', `rules: ${'['.repeat(5_000)}`, '1:71 error nested deeper than 32 levels'],
    ['an alias bomb', `a: &a [${'x,'.repeat(1_000)}]\nb: &b [${'*a,'.repeat(1_000)}]\n`, '2:'],
    [
      'an expectation that cannot come',
      `rules:\n${rule('a', '    tests: [{ name: x, lines: x.log, expect: [{ kind: port-scan }] }]\n')}`,
      '5:55 error `port-scan` can never come from this rule, it detects address-scan',
    ],
    [
      'an expected source that is no address',
      `rules:\n${rule('a', '    tests: [{ name: x, lines: x.log, expect: [{ kind: address-scan, source: bob }] }]\n')}`,
      '5:77 error `bob` is not an IP address',
    ],
  ])('%s', async (_name, text, expected) => {
    const { ruleSet, problems } = await load({ 'a.yaml': text });
    expect(problems.filter((problem) => problem.includes(' error '))[0]).toContain(`a.yaml:${expected}`);
    expect(ruleSet).toBeUndefined();
  });

  it('a rule id used in two files, with both places', async () => {
    const { problems } = await load({
      'a.yaml': `rules:\n${rule('one')}`,
      'b.yaml': `rules:\n${rule('two')}${rule('one')}`,
    });
    expect(problems).toEqual([
      `b.yaml:5:9 error rule \`one\` already exists in ${join(directory, 'a.yaml')}:2`,
    ]);
  });

  it('a host named in two files, with both places', async () => {
    const { problems } = await load({
      'a.yaml': `hosts:\n  lisa: 192.0.2.10\n`,
      'b.yaml': `hosts: { LISA: 192.0.2.11 }\nrules:\n${rule('one')}`,
    });
    expect(problems).toEqual([
      `b.yaml:1:10 error host \`LISA\` is already named in ${join(directory, 'a.yaml')}:2`,
    ]);
  });

  it('a channel that does not exist, where the channels are known', async () => {
    const files = { 'a.yaml': `rules:\n${rule('a', '    notify: [mail, mial, pager]\n')}` };
    expect((await load(files, { channels: ['mail', 'chat'] })).problems).toEqual([
      'a.yaml:5:20 error no channel is called `mial` - did you mean `mail`?',
      'a.yaml:5:26 error no channel is called `pager`: there are mail, chat',
    ]);
    expect((await load(files)).problems).toEqual([]);
  });

  it('every mistake of a file, in order, misspelt keys only once', async () => {
    const { problems } = await load({
      'a.yaml':
        'rules:\n  - id: a\n    watch: { host: any, ports: [imap, 70000] }\n    detct: {}\n    severity: x\n',
    });
    expect(problems.map((problem) => problem.slice(0, problem.indexOf(' error')))).toEqual([
      'a.yaml:3:14',
      'a.yaml:3:39',
      'a.yaml:4:5',
      'a.yaml:5:15',
    ]);
  });

  it('at most a hundred of ten thousand mistakes', async () => {
    const { problems } = await load({
      'a.yaml': `hosts:\n${Array.from({ length: 10_000 }, (_, i) => `  h${i}: x\n`).join('')}`,
    });
    expect(problems.length).toBeLessThanOrEqual(101);
    expect(problems.length).toBeGreaterThan(50);
  });
});

describe('loadRules() survives', () => {
  it('a path that does not exist', async () => {
    const missing = join(directory, 'nowhere');
    const { ruleSet, problems } = await loadRules(missing);
    expect(ruleSet).toBeUndefined();
    expect(problems).toEqual([
      {
        position: { file: missing, line: 1, column: 1 },
        level: 'error',
        message: 'cannot be read: it does not exist',
      },
    ]);
  });

  it('a directory named like a rule file', async () => {
    mkdirSync(join(directory, 'x.yaml'));
    expect((await load({})).problems[0]).toBe('x.yaml:1:1 error is a directory, not a rule file');
  });

  it('a file of more than a mebibyte', async () => {
    const { problems } = await load({ 'a.yaml': `# ${'x'.repeat(1024 * 1024)}` });
    expect(problems[0]).toContain('a.yaml:1:1 error is larger than 1048576 bytes');
  });

  it('a file that is not UTF-8', async () => {
    const { problems } = await load({
      'a.yaml': Buffer.from('rules: []\nhosts: { b\xfcro: 192.0.2.1 }\n', 'latin1'),
    });
    expect(problems[0]).toBe('a.yaml:2:11 error is not UTF-8 text');
  });

  it('an empty file and an empty directory, with a warning', async () => {
    for (const text of ['', '# nothing yet\n', 'rules: []\n']) {
      const { ruleSet, problems } = await load({ 'a.yaml': text });
      expect(problems).toEqual([`:1:1 warning no rules: nothing will be watched`]);
      expect(ruleSet?.rules).toEqual([]);
    }
    rmSync(join(directory, 'a.yaml'));
    expect((await load({})).ruleSet?.files).toEqual([]);
  });
});

describe('loadRules() warns about', () => {
  it('an ignore that has expired', async () => {
    const text = `ignore:\n  - sources: 203.0.113.9\n    because: old scanner\n    until: 2026-11-22\nrules:\n${rule('a')}`;
    const { ruleSet, problems } = await load({ 'a.yaml': text });
    expect(problems).toEqual(['a.yaml:4:12 warning expired on 2026-11-22, no longer ignored: old scanner']);
    expect(ruleSet?.ignores[0]?.untilMs).toBe(Date.UTC(2026, 10, 22, 23, 59, 59, 999));
    expect((await load({ 'a.yaml': text.replace('11-22', '11-23') })).problems).toEqual([]);
  });

  it('an ignore of a whole kind of addresses, but not of nearly all', async () => {
    const text = (networks: string) =>
      `ignore:\n  - sources: [${networks}]\n    because: x\nrules:\n${rule('a')}`;
    expect((await load({ 'a.yaml': text('0.0.0.0/0') })).problems).toEqual([
      'a.yaml:2:5 warning this ignores everything that is IPv4',
    ]);
    expect((await load({ 'a.yaml': text('0.0.0.0/1, 192.0.0.0/2, "::/1"') })).problems).toEqual([]);
  });

  it('a rule that watches everything', async () => {
    const { ruleSet, problems } = await load({
      'a.yaml': 'rules:\n  - id: a\n    watch: { hosts: any, ports: any }\n    detect: { any: {} }\n',
    });
    expect(problems[0]).toContain('a.yaml:3:12 warning watches any port of any host');
    expect(ruleSet?.rules).toHaveLength(1);
  });

  it('thresholds that cannot be reached', async () => {
    const { problems } = await load({
      'a.yaml': `rules:
  - id: a
    watch: { hosts: [192.0.2.1, 192.0.2.2], ports: [imap, 8080] }
    detect:
      address-scan: { hosts: 3, within: 60s }
      port-scan: { ports: 3, within: 60s }
      distributed-scan: { sources: 2, hosts: 2, within: 60s }
  - id: b
    watch: { hosts: 192.0.2.0/30, ports: 80-82 }
    detect: { address-scan: { hosts: 4, within: 60s }, port-scan: { ports: 3, within: 60s } }
`,
    });
    expect(problems).toEqual([
      'a.yaml:5:21 warning needs 3 hosts but only 2 are watched: it can never be met',
      'a.yaml:6:18 warning needs 3 ports but only 2 are watched: it can never be met',
    ]);
  });
});

describe('loadRules() gives', () => {
  it('a rule with names resolved and durations in milliseconds', async () => {
    const text = `hosts:
  lisa: 192.0.2.10
  ns1: [192.0.2.53, 2001:DB8::53]
  dmz-web: 198.51.100.0/28
rules:
  - id: classic-probe
    title: Probe
    watch: { hosts: [Lisa, "ns*", dmz-web, 192.0.2.10], ports: [imap, smb/139, login, 53/udp] }
    detect: { address-scan: { hosts: 3, within: 60s }, any: { by: [source, host] } }
    severity: high
    notify: [ops]
    actions: [failed]
    settle: 500ms
    quiet: 1h
`;
    expect(await onlyRule(text)).toEqual({
      id: 'classic-probe',
      title: 'Probe',
      position: { file: join(directory, 'a.yaml'), line: 6, column: 5 },
      hosts: {
        any: false,
        addresses: ['192.0.2.10', '192.0.2.53', '2001:db8::53'],
        networks: ['198.51.100.0/28'],
      },
      ports: {
        any: false,
        ranges: [
          { from: 143, to: 143 },
          { from: 139, to: 139 },
          { from: 513, to: 513, transport: 'tcp' },
          { from: 53, to: 53, transport: 'udp' },
        ],
      },
      actions: ['failed'],
      detect: [
        { kind: 'address-scan', hosts: 3, withinMs: 60_000, by: ['source', 'port'] },
        { kind: 'any', by: ['source', 'host'] },
      ],
      severity: 'high',
      notify: ['ops'],
      settleMs: 500,
      quietMs: 3_600_000,
      tests: [],
    });
  });

  it('names for addresses and networks', async () => {
    const { ruleSet } = await load({ 'a.yaml': 'hosts: { Lisa: 192.0.2.10, dmz: 198.51.100.0/28 }\n' });
    expect([...ruleSet!.names]).toEqual([
      ['192.0.2.10', 'Lisa'],
      ['198.51.100.0/28', 'dmz'],
    ]);
  });

  it('all visible files of a directory in lexical order, hosts shared in both directions', async () => {
    mkdirSync(join(directory, 'deeper'));
    writeFileSync(join(directory, 'deeper', 'c.yaml'), 'not: read\n');
    const { ruleSet, problems } = await load({
      '20.yml': 'hosts: { ns1: 192.0.2.53 }\n',
      '10.yaml': `rules:\n${rule('early').replace('any', 'ns1, lisa').replace('hosts: ns1, lisa', 'hosts: [ns1, lisa, 192.0.2.9]')}`,
      '30.YAML': `hosts: { lisa: 192.0.2.10 }\nrules:\n${rule('late')}`,
      '.hidden.yaml': 'not: read\n',
      'notes.txt': 'not: read\n',
      'old.yaml.bak': 'not: read\n',
    });
    expect(problems).toEqual([]);
    expect(ruleSet?.files).toEqual(['10.yaml', '20.yml', '30.YAML'].map((name) => join(directory, name)));
    expect(ruleSet?.rules.map(({ id }) => id)).toEqual(['early', 'late']);
    expect(ruleSet?.rules[0]?.hosts.addresses).toEqual(['192.0.2.53', '192.0.2.10', '192.0.2.9']);
  });

  it('one file by its path, whatever it is called', async () => {
    writeFileSync(join(directory, 'my-rules'), `rules:\n${rule('a')}`);
    expect((await loadRules(join(directory, 'my-rules'))).ruleSet?.rules).toHaveLength(1);
  });

  it('ignores, for every host and port unless they say otherwise', async () => {
    const { ruleSet } = await load({
      'a.yaml': `ignore:\n  - sources: [203.0.113.0/28, 203.0.113.99]\n    because: ours\n  - { sources: any, hosts: 192.0.2.1, ports: [http], because: public }\nrules:\n${rule('a')}`,
    });
    const everything = { any: true, addresses: [], networks: [] };
    expect(ruleSet?.ignores).toEqual([
      {
        sources: { any: false, addresses: ['203.0.113.99'], networks: ['203.0.113.0/28'] },
        hosts: everything,
        ports: { any: true, ranges: [] },
        because: 'ours',
        position: { file: join(directory, 'a.yaml'), line: 2, column: 5 },
      },
      {
        sources: everything,
        hosts: { any: false, addresses: ['192.0.2.1'], networks: [] },
        ports: { any: false, ranges: [{ from: 80, to: 80 }] },
        because: 'public',
        position: { file: join(directory, 'a.yaml'), line: 4, column: 5 },
      },
    ]);
  });

  it('tests with absolute paths: beside the rule file, else in the working directory', async () => {
    const cwd = join(directory, 'cwd');
    mkdirSync(cwd);
    for (const name of ['cwd/there.log', 'cwd/both.log', 'both.log'])
      writeFileSync(join(directory, name), '');
    const test = (lines: string) => `      - { name: ${lines}, lines: ${lines}, expect: [] }\n`;
    const text = `rules:\n${rule('a', `    tests:\n${test('both.log')}${test('there.log')}${test('nowhere.log')}`)}`;
    const { ruleSet } = await load({ 'a.yaml': text }, { cwd });
    expect(ruleSet?.rules[0]?.tests.map(({ lines }) => lines)).toEqual([
      join(directory, 'both.log'),
      join(cwd, 'there.log'),
      join(directory, 'nowhere.log'),
    ]);
    expect(ruleSet?.rules[0]?.tests[0]?.position).toMatchObject({ line: 6, column: 9 });
  });

  it('ten thousand rules and tens of thousands of hosts in a few seconds', async () => {
    const files: Record<string, string> = {};
    for (let f = 0; f < 4; f++) {
      const hosts = Array.from(
        { length: 10_000 },
        (_, i) => `  h${f}-${i}: 10.${f}.${i >> 8}.${i & 255}\n`,
      ).join('');
      const rules = Array.from(
        { length: 2_500 },
        (_, i) =>
          `  - {id: r${f}-${i}, watch: {hosts: [h${f}-${i}, 'h${f}-7*'], ports: ${i}}, detect: {any: {}}}\n`,
      );
      files[`${f}.yaml`] = `hosts:\n${hosts}rules:\n${rules.slice(0, f === 0 ? 2_500 : 100).join('')}`;
    }
    const started = performance.now();
    const { problems } = await load(files);
    expect(problems[0]).toMatch(/the rules up to here watch more than 2000000 addresses/);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
