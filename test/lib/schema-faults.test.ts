import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type KeySchema, quoted, schemaFaults } from '../../src/lib/schema-faults.ts';

const schema = z.strictObject({
  name: z.string().min(2).max(5),
  level: z.enum(['low', 'high']).optional(),
  size: z.int().min(1).max(9).optional(),
  tags: z.array(z.string()).max(2).optional(),
  way: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('mail'), mailbox: z.string().optional() }),
      z.strictObject({ kind: z.literal('hook'), address: z.string().optional() }),
    ])
    .optional(),
  either: z.union([z.string(), z.array(z.strictObject({ deep: z.string() }))]).optional(),
  names: z
    .record(z.string().regex(/^[a-z]+$/, { error: 'small letters only' }), z.strictObject({ port: z.int() }))
    .optional(),
});

/** Faults as `path (part) message`. */
function faults(value: unknown): string[] {
  const { error } = schema.safeParse(value, { reportInput: true });
  return schemaFaults(error?.issues ?? [], z.toJSONSchema(schema, { io: 'input' }) as KeySchema).map(
    ({ path, part, message }) => `${path.join('.')} (${part}) ${message}`,
  );
}

describe('schemaFaults()', () => {
  it.each<[string, unknown, string[]]>([
    [
      'nothing at all',
      null,
      [' (value) nothing cannot be used for the file: a mapping (key: value) is expected'],
    ],
    ['a missing key', {}, ['name (key) `name` is missing']],
    [
      'an unknown key',
      { name: 'abc', zzz: 1 },
      ['zzz (key) unknown key `zzz` (the keys here are name, level, size, tags, way, either, names)'],
    ],
    [
      'an unknown key of one kind of several',
      { name: 'abc', way: { kind: 'mail', folder: 'x' } },
      ['way.folder (key) unknown key `folder` (the keys here are kind, mailbox)'],
    ],
    [
      'a misspelt key of one kind of several',
      { name: 'abc', way: { kind: 'hook', adress: 'x' } },
      ['way.adress (key) unknown key `adress` - did you mean `address`?'],
    ],
    [
      'a misspelt optional key',
      { name: 'abc', levl: 'low' },
      ['levl (key) unknown key `levl` - did you mean `level`?'],
    ],
    [
      'a misspelt required key only once',
      { nmae: 'abc' },
      ['nmae (key) unknown key `nmae` - did you mean `name`?'],
    ],
    [
      'something that can not be turned into text',
      { name: 'abc', level: { toString: [] } },
      ['level (value) a mapping is not valid for `level` (one of low, high)'],
    ],
    [
      'two unknown keys, each at its place',
      { name: 'abc', sise: 1, tagz: [] },
      [
        'sise (key) unknown key `sise` - did you mean `size`?',
        'tagz (key) unknown key `tagz` - did you mean `tags`?',
      ],
    ],
    [
      'a key inside a record',
      { name: 'abc', names: { x: { prot: 1 } } },
      ['names.x.prot (key) unknown key `prot` - did you mean `port`?'],
    ],
    [
      'a key inside a union',
      { name: 'abc', either: [{ depe: 'x' }] },
      [
        'either.0.deep (key) `deep` is missing',
        'either.0.depe (key) unknown key `depe` - did you mean `deep`?',
      ],
    ],
    [
      'a bad record key',
      { name: 'abc', names: { X: { port: 1 } } },
      ['names.X (key) `X`: small letters only'],
    ],
    [
      'a word not in the list',
      { name: 'abc', level: 'hgih' },
      ['level (value) `hgih` is not valid for `level` - did you mean `high`? (one of low, high)'],
    ],
    ['a wrong type', { name: 7 }, ['name (value) `7` cannot be used for `name`: text is expected']],
    [
      'a fraction',
      { name: 'abc', size: 1.5 },
      ['size (value) `1.5` cannot be used for `size`: a whole number is expected'],
    ],
    [
      'sizes',
      { name: 'abcdef', size: 10, tags: ['a', 'b', 'c'] },
      [
        'name (value) `abcdef` is too long for `name`: at most 5 characters',
        'size (value) `10` is too large for `size`: at most 9',
        'tags (value) `tags` needs at most 2 entries',
      ],
    ],
    ['emptiness', { name: '' }, ['name (value) `name` is empty']],
    ['no member of a union', { name: 'abc', either: 7 }, ['either (value) `7` is not valid for `either`']],
  ])('tells about %s', (_name, value, expected) => {
    expect(faults(value).sort()).toEqual([...expected].sort());
  });
});

it('quoted() is short, and safe to print', () => {
  expect(quoted('imap')).toBe('`imap`');
  expect([null, [1], { a: 1 }].map(quoted)).toEqual(['nothing', 'a list', 'a mapping']);
  expect(quoted('x'.repeat(1_000)).length).toBeLessThan(70);
  expect(quoted('\x1b[2J\n')).not.toMatch(/[\x00-\x1f]/);
});
