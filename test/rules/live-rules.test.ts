import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RuleSet } from '../../src/rule.ts';
import { LiveRules, type RulesEvent } from '../../src/rules/live-rules.ts';
import { loadRules } from '../../src/rules/load.ts';

const RULE = `rules:
  - id: probe
    watch: { hosts: 192.0.2.0/24, ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
`;
let dir: string;
let taken: RuleSet[];
let events: RulesEvent[];
let rules: LiveRules;
const write = (name: string, text: string | Buffer) => writeFileSync(join(dir, name), text);

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'knockwatch-live-'));
  write('a.yaml', RULE);
  taken = [];
  events = [];
  const { ruleSet } = await loadRules(dir);
  rules = new LiveRules({
    path: dir,
    ruleSet: ruleSet!,
    onChange: (set) => taken.push(set),
    onEvent: (event) => events.push(event),
  });
});
afterEach(() => rmSync(dir, { recursive: true }));

/** What a broken file may look like, and what is said about it. */
const BROKEN: readonly [what: string, text: string | Buffer, where: string, why: RegExp][] = [
  ['broken YAML', 'rules:\n  - id: "x\n', 'b.yaml:', /quote/i],
  ['an unknown key', RULE.replace('    watch', '    wach: 1\n    watch'), 'b.yaml:3:5', /wach/],
  [
    'an address that is none',
    RULE.replace('192.0.2.0/24', '192.0.2.300').replace('probe', 'other'),
    'b.yaml:3:21',
    /192\.0\.2\.300/,
  ],
  ['an id that is taken', RULE, 'b.yaml:2:9', /probe/],
  ['five thousand brackets', '['.repeat(5_000), 'b.yaml:', /./],
  [
    'an alias bomb',
    `a: &a [x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [${`*${i === 0 ? 'a' : `b${i - 1}`},`.repeat(9)}]\n`).join('')}`,
    'b.yaml:',
    /./,
  ],
  ['50 MB', Buffer.alloc(50 << 20, '#'), 'b.yaml:1:1', /larger than/],
  ['NUL', 'rules: [\0]\n', 'b.yaml:', /./],
  ['bytes that are no text', Buffer.from([0x72, 0x0a, 0xff, 0xfe]), 'b.yaml:2:1', /UTF-8/],
];

describe('LiveRules.reload()', () => {
  it('refuses rules that notify a channel there is not', async () => {
    const { ruleSet } = await loadRules(dir);
    const told = { onChange: (set: RuleSet) => taken.push(set), onEvent: () => {} };
    const live = new LiveRules({ path: dir, ruleSet: ruleSet!, channels: ['mail'], ...told });
    write('a.yaml', `${RULE}    notify: [mial]\n`);
    expect(await live.reload('test')).toMatchObject({ outcome: 'refused' });
    expect(taken).toEqual([]);
    expect(live.status().problems).toEqual([
      expect.stringContaining('a.yaml:5:14: no channel is called `mial`'),
    ]);
  });

  it.each(BROKEN)(
    '%s: the old rules stay, and log and status say where and why',
    async (_what, text, where, why) => {
      write('b.yaml', text);
      const before = rules.current;
      const { outcome, problems } = await rules.reload('test');
      expect(outcome).toBe('refused');
      expect(problems.length).toBeGreaterThan(0);
      expect(taken).toEqual([]);
      expect(rules.current).toBe(before);
      const [told = ''] = rules.status().problems ?? [];
      expect(told).toContain(join(dir, where));
      expect(told).toMatch(why);
      expect(events.at(-1)).toMatchObject({ level: 'error', message: expect.stringContaining(told) });
    },
  );

  it('a directory with the name of a rule file is refused, and so is a directory that is gone', async () => {
    mkdirSync(join(dir, 'b.yaml'));
    expect((await rules.reload('test')).outcome).toBe('refused');
    rmSync(dir, { recursive: true });
    expect((await rules.reload('test')).outcome).toBe('refused');
    expect(rules.status().problems?.[0]).toContain('it does not exist');
    mkdirSync(dir);
  });

  it('takes good rules after broken ones, and then nothing is wrong any more', async () => {
    write('b.yaml', 'x');
    await rules.reload('test');
    write('b.yaml', RULE.replace('probe', 'second'));
    expect((await rules.reload('test')).outcome).toBe('changed');
    expect(taken.at(-1)?.rules.map(({ id }) => id)).toEqual(['probe', 'second']);
    expect(rules.status()).toMatchObject({ rules: 2, files: [join(dir, 'a.yaml'), join(dir, 'b.yaml')] });
    expect(rules.status().problems).toBeUndefined();
  });

  it('says which rules came, changed and went', async () => {
    write('b.yaml', RULE.replace('probe', 'second'));
    await rules.reload('test');
    expect(events.at(-1)).toMatchObject({
      level: 'info',
      details: { because: 'test', added: ['second'], changed: [], removed: [] },
    });
    write('a.yaml', RULE.replace('hosts: 3', 'hosts: 4'));
    rmSync(join(dir, 'b.yaml'));
    await rules.reload('test');
    expect(events.at(-1)).toMatchObject({ details: { added: [], changed: ['probe'], removed: ['second'] } });
  });

  it('a comment above the rules changes nothing but where they stand', async () => {
    write('a.yaml', `# ours\n${RULE}`);
    expect((await rules.reload('test')).outcome).toBe('unchanged');
    expect(rules.current.rules[0]!.position.line).toBe(3);
    expect(taken).toHaveLength(1);
  });

  it('a host that moves to another address is a change of what watches it', async () => {
    const named = (ip: string) =>
      `hosts: { lisa: ${ip} }\n${RULE.replace('192.0.2.0/24', '[lisa, 192.0.2.64/26]')}`;
    write('a.yaml', named('192.0.2.10'));
    await rules.reload('test');
    write('a.yaml', named('192.0.2.11'));
    await rules.reload('test');
    expect(events.at(-1)).toMatchObject({ details: { changed: ['probe'] } });
  });

  it('many reloads at once are done one after the other, and the last word is the newest', async () => {
    const reports = [];
    for (let i = 2; i < 22; i++) {
      write('a.yaml', RULE.replace('hosts: 3', `hosts: ${i}`));
      reports.push(rules.reload(`number ${i}`));
    }
    await Promise.all(reports);
    expect(rules.current.rules[0]!.detect[0]).toMatchObject({ hosts: 21 });
  });
});
