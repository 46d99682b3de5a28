import { describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/decode.ts';
import { read, UTC } from './read.ts';

const HEADER = '<34>1 2026-11-23T03:00:00Z gw1 app 123 ID47 ';
const FIELDS = {
  hostname: 'gw1',
  appName: 'app',
  procId: '123',
  msgId: 'ID47',
  timestamp: '2026-11-23T03:00:00Z',
};

function structuredData(text: string): unknown {
  const data = decode(`${HEADER}${text}`, UTC).structuredData;
  return (
    data && Object.fromEntries([...data].map(([id, parameters]) => [id, Object.fromEntries(parameters)]))
  );
}

describe('an RFC 5424 header', () => {
  it('is read field by field', () => {
    expect(read(`${HEADER}- text of the message`)).toEqual({
      format: 'rfc5424',
      pri: 'stated 4.2',
      ...FIELDS,
      message: 'text of the message',
    });
  });

  it.each([
    ['<13>1 - - - - - -', ''],
    ['<13>1 - - - - -', ''],
    ['<13>1 - - - - - - minimal', 'minimal'],
    ['<13>1 - - - - - -  two spaces', ' two spaces'],
  ])('may have no field at all: %s', (line, message) => {
    expect(read(line)).toEqual({ format: 'rfc5424', pri: 'stated 1.5', message });
  });

  it.each([
    ['2026-11-23T03:00:00.123456789Z', '2026-11-23T03:00:00.123Z'],
    ['2026-11-23T03:00:00', '2026-11-23T03:00:00Z'],
    ['2026-99-99T99:99:99+02:00', 'invalid'],
    ['2026-11-23', 'invalid'],
    ['2026-11-23T24:00:00Z', 'invalid'],
    ['2026-nonsense', 'invalid'],
  ])('goes on after the time %s', (time, timestamp) => {
    expect(read(`<34>1 ${time} gw1 app 123 ID47 - text`)).toMatchObject({
      ...FIELDS,
      timestamp,
      message: 'text',
    });
  });

  it('needs no PRI when the version and a date say what it is', () => {
    expect(read('1 2026-11-23T03:00:00Z gw1 app 123 ID47 - text')).toMatchObject({
      ...FIELDS,
      format: 'rfc5424',
    });
  });

  it.each([
    ['no version', '<34>2026-11-23T03:00:00Z gw1 app 123 ID47 - text', 'app 123 ID47 - text'],
    [
      'a version that is none',
      '<34>9 2026-11-23T03:00:00Z gw1 app 123 ID47 - text',
      '9 2026-11-23T03:00:00Z gw1 app 123 ID47 - text',
    ],
    ['no date', '<34>1 notadate gw1 app 123 ID47 - text', '1 notadate gw1 app 123 ID47 - text'],
    [
      'a BSD tag for a host',
      '<34>1 2026-11-23T03:00:00Z rpd[134]: EVENT <Up> ge-1/0/4 index',
      'EVENT <Up> ge-1/0/4 index',
    ],
    [
      'a BSD tag for an application',
      '<34>1 2026-11-23T03:00:00Z gw1 rpd[134]: EVENT <Up> ge-1 x',
      'EVENT <Up> ge-1 x',
    ],
    [
      'a record for an application',
      '<34>1 2026-11-23T03:00:00Z gw1 1,2026/11/23 03:00:00,7,TRAFFIC x y',
      '1,2026/11/23 03:00:00,7,TRAFFIC x y',
    ],
    [
      'an ASA',
      '<34>1 2026-11-23T03:00:00Z gw1 : %ASA-3-710003: TCP access denied',
      '%ASA-3-710003: TCP access denied',
    ],
    [
      'an ASA without a host',
      '<34>1 2026-11-23T03:00:00Z: %ASA-3-710003: TCP access denied by',
      '%ASA-3-710003: TCP access denied by',
    ],
    ['fields missing', '<34>1 2026-11-23T03:00:00Z gw1 app', 'app'],
  ])('is not one with %s', (_, line, message) => {
    const decoded = read(line);
    expect(decoded.format).not.toBe('rfc5424');
    expect(decoded.message).toBe(message);
  });

  it('cuts long fields', () => {
    const long = 'a'.repeat(1_000);
    const { hostname, appName } = decode(`<34>1 - ${long} ${long} - - - x`, UTC);
    expect([hostname?.length, appName?.length]).toEqual([255, 384]);
  });
});

describe('structured data', () => {
  it.each([
    ['[a@32473 b="c"] x', { 'a@32473': { b: 'c' } }],
    ['[a] x', { a: {} }],
    ['[a b="c" d="e"][f g="h"] x', { a: { b: 'c', d: 'e' }, f: { g: 'h' } }],
    ['[a b=""] x', { a: { b: '' } }],
    ['[a b="c" ] x', { a: { b: 'c' } }],
    ['[a b="\\"\\\\\\]\\n"] x', { a: { b: '"\\]\\n' } }],
    ['[a b="]\\"\\\\" c="[x]"] x', { a: { b: ']"\\', c: '[x]' } }],
    ['[a b="1" b="2"] x', { a: { b: '1' } }],
    ['[a b="1"][a b="2" c="3"] x', { a: { b: '1', c: '3' } }],
  ])('%s', (text, expected) => {
    expect(structuredData(text)).toEqual(expected);
    expect(read(HEADER + text).message).toBe('x');
  });

  it.each([
    '[a b="c',
    '[a b="c"',
    '[a b=c] x',
    '[a b] x',
    '[a b="c"]x',
    '[a b="c"][d x',
    '[] x',
    '[ a="b"] x',
    '[a b="c\\"] x',
    '-x',
    'nothing of the kind',
  ])('that is malformed stays in the message, whole: %s', (text) => {
    expect(structuredData(text)).toBeUndefined();
    expect(read(HEADER + text)).toMatchObject({ ...FIELDS, format: 'rfc5424', message: text });
  });

  it('takes names that mean something to JavaScript for data', () => {
    const data = decode(`${HEADER}[__proto__ constructor="x"] y`, UTC).structuredData;
    expect(data?.get('__proto__')?.get('constructor')).toBe('x');
  });
});
