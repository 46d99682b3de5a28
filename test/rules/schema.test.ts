import { describe, expect, it } from 'vitest';
import { jsonSchema, ruleFileSchema } from '../../src/rules/schema.ts';

const minimal = { id: 'probe', watch: { hosts: 'any', ports: 'imap' } };

function detectOf(detect: unknown) {
  return ruleFileSchema.parse({ rules: [{ ...minimal, detect }] }).rules[0]!;
}

describe('ruleFileSchema fills in', () => {
  it('what a file leaves out', () => {
    expect(ruleFileSchema.parse({})).toEqual({ hosts: {}, ignore: [], patterns: [], rules: [] });
    expect(detectOf({ any: {} })).toMatchObject({
      severity: 'medium',
      notify: [],
      actions: ['denied', 'failed'],
      tests: [],
    });
  });

  it.each<[string, object, object]>([
    ['address-scan', { hosts: 3, within: '60s' }, { hosts: 3, within: 60_000, by: ['source', 'port'] }],
    ['port-scan', { ports: 15, within: '5m' }, { ports: 15, within: 300_000, by: ['source', 'host'] }],
    [
      'distributed-scan',
      { sources: 5, hosts: 1, within: '1h' },
      { sources: 5, hosts: 1, within: 3_600_000, by: ['port'] },
    ],
    ['stealth-scan', {}, { packets: 1, within: 60_000, by: ['source'] }],
    ['repeat', { count: 5, within: '2d' }, { count: 5, within: 172_800_000, by: ['source'] }],
    ['any', {}, { by: ['source'] }],
  ])('%s', (kind, written, expected) => {
    expect(detectOf({ [kind]: written }).detect).toEqual({ [kind]: expected });
  });

  it.each([
    ['500ms', 500],
    ['60s', 60_000],
    ['31d', 2_678_400_000],
  ])('%s is %d ms', (text, ms) => {
    expect(detectOf({ repeat: { count: 5, within: text } }).detect.repeat!.within).toBe(ms);
  });

  it('settle may be nothing at all, quiet may not', () => {
    const parse = (extra: object) =>
      ruleFileSchema.safeParse({ rules: [{ ...minimal, detect: { any: {} }, ...extra }] });
    expect(parse({ settle: '0s' }).data?.rules[0]?.settle).toBe(0);
    expect(parse({ quiet: '0s' }).success).toBe(false);
  });
});

describe('jsonSchema()', () => {
  const schema = jsonSchema();

  it('describes what people write, and refuses unknown keys', () => {
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(Object.keys(schema.properties ?? {})).toEqual(['hosts', 'ignore', 'patterns', 'rules']);
    expect(JSON.stringify(schema)).toContain('"default":"60s"');
  });

  it('explains the trade-offs', () => {
    for (const words of [
      'Longer catches slower scans',
      'the paper',
      'Exceptions that never end are forgotten',
    ])
      expect(JSON.stringify(schema)).toContain(words);
  });

  it('is the file the shipped rules name for editors (vitest -u writes it)', async () => {
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(
      '../../rules/knockwatch.schema.json',
    );
  });
});
