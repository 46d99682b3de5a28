import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChannels } from '../../src/notify/index.ts';
import type { Alert } from '../../src/types.ts';
import { eventually, freePort } from '../support/daemon.ts';

/** Exim, as Debian ships it: STARTTLS with our test certificate, and nothing accepted without a password. */
const EXIM = '/usr/sbin/exim4';
const available = existsSync(EXIM) && process.getuid?.() === 0;
if (!available) console.log('skipped: there is no exim4 here, or no right to run one');

const TLS = resolve(import.meta.dirname, '../support/tls');

const configuration = (dir: string, port: number) => `
primary_hostname = localhost
spool_directory = ${dir}/spool
log_file_path = ${dir}/log/%slog
pid_file_path = ${dir}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
tls_advertise_hosts = *
tls_certificate = ${dir}/cert.pem
tls_privatekey = ${dir}/key.pem
auth_advertise_hosts = \${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = acl_rcpt
keep_environment =
deliver_drop_privilege = true
begin acl
acl_rcpt:
  accept authenticated = *
  deny message = authenticate first
begin routers
everybody:
  driver = accept
  transport = inbox
begin transports
inbox:
  driver = appendfile
  file = ${dir}/inbox
  user = Debian-exim
  group = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{watch}}{eq{$auth3}{open sesame}}}}
  server_set_id = $auth2
`;

const alert: Alert = {
  id: 'a1b2c3.first',
  incidentIds: ['a1b2c3'],
  severity: 'high',
  reason: 'first-sight',
  subject: '[knockwatch] Probe: 198.51.100.7 tried imap on 3 of 3 watched hosts in 9 s',
  text: 'first line\n.\n..two dots\nlast line\n',
  html: '<p>first line</p>',
  threadId: 'a1b2c3.first',
};

describe.runIf(available)('a mail to a real mail server', () => {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-exim-'));
  let port: number;
  let exim: ChildProcess;

  beforeAll(async () => {
    port = await freePort();
    for (const name of ['', 'spool', 'log']) {
      mkdirSync(join(dir, name), { recursive: true });
      // Exim gives up its privileges and works as a user of its own.
      chmodSync(join(dir, name), 0o777);
    }
    for (const name of ['cert', 'key'])
      writeFileSync(join(dir, `${name}.pem`), readFileSync(join(TLS, `localhost.${name}.pem`)), {
        mode: 0o644,
      });
    writeFileSync(join(dir, 'exim.conf'), configuration(dir, port), { mode: 0o644 });
    exim = spawn(EXIM, ['-C', join(dir, 'exim.conf'), '-bdf'], { stdio: 'ignore' });
    await eventually('exim', () => existsSync(join(dir, 'exim.pid')));
  });
  afterAll(() => {
    exim?.kill('SIGTERM');
    rmSync(dir, { recursive: true, force: true });
  });

  const channel = (password: string) =>
    createChannels([
      {
        kind: 'email',
        name: 'mail',
        transport: `smtp://watch@127.0.0.1:${port}`,
        password,
        tlsCa: readFileSync(join(TLS, 'localhost.cert.pem'), 'utf8'),
        from: 'knockwatch@example.net',
        to: ['noc@example.net'],
      },
    ])[0]!;

  it('arrives over STARTTLS with authentication, every dot in place', async () => {
    const mail = channel('open sesame');
    expect(await mail.send(alert, AbortSignal.timeout(10_000))).toMatchObject({ ok: true });
    await mail.close();
    const inbox = await eventually(
      'the mail',
      () => existsSync(join(dir, 'inbox')) && readFileSync(join(dir, 'inbox'), 'utf8'),
    );
    const received = await PostalMime.parse(inbox.slice(inbox.indexOf('\n') + 1));
    expect(received.subject).toBe(alert.subject);
    expect(received.text!.replaceAll('\r\n', '\n').trim()).toBe(alert.text.trim());
    expect(inbox).toMatch(/with esmtpsa/i);
  });

  it('is kept back for another try when the password is wrong, and the password is in no message', async () => {
    const mail = channel('wrong secret');
    const result = await mail.send(alert, AbortSignal.timeout(10_000));
    await mail.close();
    expect(result.ok).toBe(false);
    expect(result.because).not.toContain('wrong secret');
  });
});
