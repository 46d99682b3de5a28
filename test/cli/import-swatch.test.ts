import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-import-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

describe('knockwatch import swatch', () => {
  it('prints a rule file, and says on stderr what it could not translate', async () => {
    const path = file('swatchrc', 'watchfor /vpnd: from ([\\d.]+)/\n  bell\n');
    const { exitCode, stderr, stdout } = await runForTest(['import', 'swatch', path]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("regex: 'vpnd: from (?P<source>[\\d.]+)'");
    expect(stderr).toBe(`${path}:2: bell is left out: there is no terminal to ring\n`);
    const check = await runForTest(['check', '--rules', file('swatch.yaml', stdout)]);
    expect(check.exitCode, check.stderr).toBe(0);
  });

  it.each([
    ['%SEC-6-IPACCESSLOGP.*denied tcp ([\\d.]+)', 'Cisco access list lines are read by a built-in parser'],
    [
      'sshd.*Failed password for .* from ([\\d.]+)',
      'watch hosts and ports instead, as rules/logins.yaml does',
    ],
  ])('says that a built-in parser is before %s', async (regex, note) => {
    const { stderr } = await runForTest(['import', 'swatch', file('cisco', `watchfor /${regex}/\n  mail\n`)]);
    expect(stderr).toContain(`:1: `);
    expect(stderr).toContain(note);
  });

  it('fails when nothing could be translated', async () => {
    const { exitCode, stderr } = await runForTest(['import', 'swatch', file('old', '/x/ echo 0:10\n')]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('nothing in');
  });

  it('fails for a file that is not there, and without one', async () => {
    expect(await runForTest(['import', 'swatch', join(dir, 'nowhere')])).toMatchObject({ exitCode: 1 });
    expect(await runForTest(['import', 'swatch'])).toMatchObject({ exitCode: 2 });
    expect(await runForTest(['import'])).toMatchObject({ exitCode: 2 });
  });
});
