import { describe, expect, it } from 'vitest';
import { displayWidth, textTable } from '../../src/lib/text-table.ts';

describe('textTable()', () => {
  it('aligns columns and leaves no space at the ends of lines', () => {
    const rows = [
      ['Host', 'imap', ''],
      ['lisa', '1', 'x'],
      ['dmz-web', '120', ''],
    ];
    expect(textTable(rows, { align: ['left', 'right'], indent: 2, gap: 3 })).toEqual([
      '  Host      imap',
      '  lisa         1   x',
      '  dmz-web    120',
    ]);
  });

  it('counts wide characters as two columns and marks as none', () => {
    expect(
      textTable([
        ['日本', '|'],
        ['abcd', '|'],
        ['e\u0301', '|'],
      ]),
    ).toEqual(['日本  |', 'abcd  |', 'e\u0301     |']);
    expect(displayWidth('😀é')).toBe(3);
  });

  it('takes no rows and ragged rows', () => {
    expect(textTable([])).toEqual([]);
    expect(textTable([['a'], ['b', 'c']])).toEqual(['a', 'b  c']);
  });
});
