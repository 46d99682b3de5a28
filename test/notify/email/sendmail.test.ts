import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmailChannel } from '../../../src/notify/email.ts';
import { alert } from '../../support/notify.ts';

const NEVER = new AbortController().signal;
let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'knockwatch-sendmail-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** A channel whose sendmail is the given program, run with the directory as $home. */
async function sendmail(program: string): Promise<EmailChannel> {
  const path = join(home, 'sendmail');
  await writeFile(path, `#!/usr/bin/env node\nconst home = ${JSON.stringify(home)};\n${program}`);
  await chmod(path, 0o755);
  return new EmailChannel({
    kind: 'email',
    name: 'local',
    transport: 'sendmail',
    path,
    from: 'kw@example.org',
    to: ['ops@example.org', '`id`@example.org'],
  });
}

describe('EmailChannel over sendmail', () => {
  it('hands over the message and plain arguments, and none of our secrets', async () => {
    const channel = await sendmail(`
      const fs = require('node:fs');
      fs.writeFileSync(home + '/args', JSON.stringify(process.argv.slice(2)));
      fs.writeFileSync(home + '/message', fs.readFileSync(0));
      fs.writeFileSync(home + '/env', JSON.stringify(process.env));
    `);
    process.env['KNOCKWATCH_SMTP_PASSWORD'] = 's3cret';
    const result = await channel.send(alert(), NEVER);
    delete process.env['KNOCKWATCH_SMTP_PASSWORD'];
    expect(result).toMatchObject({ ok: true });
    const env = await readFile(join(home, 'env'), 'utf8');
    expect(env).toContain('PATH');
    expect(env).not.toContain('s3cret');
    expect(JSON.parse(await readFile(join(home, 'args'), 'utf8'))).toEqual([
      '-i',
      '-f',
      'kw@example.org',
      '--',
      'ops@example.org',
      '`id`@example.org',
    ]);
    const message = await readFile(join(home, 'message'));
    expect(message.includes(13)).toBe(false);
    expect(await PostalMime.parse(message)).toMatchObject({
      messageId: '<k7f2.first@example.org>',
      text: 'the text\n',
    });
  });

  it.each([
    [75, true],
    [69, true],
    [78, true],
    [1, true],
    [67, false],
    [65, false],
  ])('takes exit code %i as retry %s', async (code, retry) => {
    const channel = await sendmail(`console.error('because \\x1b[2J'); process.exit(${code});`);
    const result = await channel.send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry });
    expect(result.because).toContain(`exited with ${code}: because \\x1b[2J`);
  });

  it('tries again when there is no such program', async () => {
    const channel = await sendmail('');
    await rm(join(home, 'sendmail'));
    const result = await channel.send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toContain('ENOENT');
  });

  it('kills one that hangs and ignores being asked to stop', async () => {
    const channel = await sendmail(`
      process.on('SIGTERM', () => {});
      require('node:fs').writeFileSync(home + '/pid', String(process.pid));
      setInterval(() => {}, 1000);
    `);
    const patience = new AbortController();
    const sent = channel.send(alert({ text: 'x'.repeat(1_000_000) }), patience.signal);
    let pid = 0;
    for (let i = 0; i < 200 && pid === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      pid = Number(await readFile(join(home, 'pid'), 'utf8').catch(() => '0'));
    }
    patience.abort();
    expect(await sent).toMatchObject({ ok: false, retry: true });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
