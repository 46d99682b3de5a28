import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmailChannel } from '../../../src/notify/email.ts';
import { alert } from '../../support/notify.ts';

const NEVER = new AbortController().signal;
let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'knockwatch-mailbox-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

function mailbox(path: string): EmailChannel {
  const options = {
    kind: 'email',
    name: 'file',
    transport: 'mailbox',
    path,
    from: 'kw@example.org',
    to: ['ops@example.org'],
  } as const;
  return new EmailChannel(options, () => Date.parse('2026-01-24T17:48:00.123Z'));
}

describe('EmailChannel into a mailbox directory', () => {
  it('writes one whole file that only its owner can read', async () => {
    const path = join(home, 'a', 'mail');
    const result = await mailbox(path).send(alert(), NEVER);
    expect(result).toMatchObject({ ok: true });
    expect(await readdir(path)).toEqual(['20260124T174800Z-k7f2.first.eml']);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    const file = join(path, '20260124T174800Z-k7f2.first.eml');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const octets = await readFile(file);
    expect(octets.toString('latin1').replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(await PostalMime.parse(octets)).toMatchObject({
      messageId: '<k7f2.first@example.org>',
      text: 'the text\n',
    });
  });

  it('can not be led out of its directory', async () => {
    const path = join(home, 'mail');
    await mailbox(path).send(alert({ id: '../../evil/x' }), NEVER);
    expect(await readdir(home)).toEqual(['mail']);
    expect(await readdir(path)).toEqual(['20260124T174800Z-.._.._evil_x.eml']);
  });

  it('tries again when it can not write, and leaves nothing half done', async () => {
    const path = join(home, 'mail');
    await writeFile(path, 'in the way');
    const result = await mailbox(path).send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toMatch(/EEXIST|ENOTDIR/);
  });

  it('writes over what a crash left unfinished', async () => {
    const path = join(home, 'mail');
    await mkdir(path);
    await writeFile(join(path, '20260124T174800Z-k7f2.first.eml.tmp'), 'half');
    await chmod(join(path, '20260124T174800Z-k7f2.first.eml.tmp'), 0o600);
    expect(await mailbox(path).send(alert(), NEVER)).toMatchObject({ ok: true });
    expect(await readdir(path)).toEqual(['20260124T174800Z-k7f2.first.eml']);
  });
});
