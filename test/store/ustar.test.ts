import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endTar, type TarMember, writeTarMember } from '../../src/store/ustar.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kw-tar-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function pack(...members: TarMember[]): Promise<string> {
  const path = join(root, 'out.tar');
  const out = await open(path, 'w');
  try {
    for (const member of members) await writeTarMember(out, member, () => undefined);
    await endTar(out);
  } finally {
    await out.close();
  }
  return path;
}

const member = (name: string, content: Buffer): TarMember => ({
  name,
  size: content.length,
  modifiedMs: 1_764_000_000_000,
  content,
});

describe('writeTarMember()', () => {
  it.each(['', 'with space', 'né', 'a'.repeat(101), 'a\0b', 'a\nb'])(
    'throws for the name %j',
    async (name) => {
      await expect(pack(member(name, Buffer.from('x')))).rejects.toThrow(RangeError);
    },
  );

  it('throws when a file is shorter than stated', async () => {
    writeFileSync(join(root, 'short'), 'abc');
    const content = { path: join(root, 'short') };
    await expect(pack({ name: 'short', size: 10, modifiedMs: 0, content })).rejects.toThrow(
      'short has 3 bytes instead of 10',
    );
  });

  it('throws for a size the format can not state', async () => {
    await expect(
      pack({ name: 'big', size: 8 ** 11, modifiedMs: 0, content: { path: '/dev/zero' } }),
    ).rejects.toThrow('too large');
  });

  it.each([0, 1, 511, 512, 513, 100_000])('writes %i bytes that tar reads back', async (size) => {
    const content = Buffer.alloc(size, 'ab');
    const path = await pack(member('one', content), member('two', Buffer.from('second')));
    execFileSync('tar', ['-xf', path, '-C', root]);
    expect(readFileSync(join(root, 'one'))).toEqual(content);
    expect(readFileSync(join(root, 'two'), 'utf8')).toBe('second');
    expect(execFileSync('tar', ['--utc', '-tvf', path], { encoding: 'utf8' })).toMatch(
      /^-rw------- 0\/0 .* 2025-11-24 16:00 one$/m,
    );
  });
});
