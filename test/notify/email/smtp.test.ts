import PostalMime from 'postal-mime';
import { afterEach, describe, expect, it } from 'vitest';
import { EmailChannel } from '../../../src/notify/email.ts';
import type { EmailOptions } from '../../../src/notify/options.ts';
import { renderAlert } from '../../../src/notify/render.ts';
import { alert, context, incident, target } from '../../support/notify.ts';
import {
  elsewhereCert,
  elsewhereKey,
  expiredCert,
  expiredKey,
  localhostCert,
  mailServer,
} from '../../support/smtp.ts';

const NEVER = new AbortController().signal;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

async function server(options: Parameters<typeof mailServer>[0] = {}) {
  const started = await mailServer(options);
  open.push(started);
  return started;
}

function channel(transport: string, extra: Partial<EmailOptions> = {}): EmailChannel {
  const made = new EmailChannel({
    kind: 'email',
    name: 'ops',
    transport,
    from: 'kw@example.org',
    to: ['ops@example.org'],
    tlsCa: localhostCert,
    timeoutMs: 2_000,
    ...extra,
  });
  open.push(made);
  return made;
}

describe('EmailChannel over SMTP', () => {
  it('delivers with STARTTLS and a fixed EHLO name', async () => {
    const { port, caught } = await server();
    const result = await channel(`smtp://localhost:${port}`, {
      to: ['ops@example.org', 'noc@example.org'],
    }).send(alert(), NEVER);
    expect(result).toEqual({ ok: true, because: '2 of 2 recipients (250 queued)' });
    expect(caught).toMatchObject([
      {
        from: 'kw@example.org',
        to: ['ops@example.org', 'noc@example.org'],
        secure: true,
        ehlo: 'knockwatch',
      },
    ]);
    const mail = await PostalMime.parse(caught[0]!.data);
    expect(mail.messageId).toBe('<k7f2.first@example.org>');
  });

  it('logs in, by URL or by options, and over TLS from the start', async () => {
    const starttls = await server();
    await channel(`smtp://kw:open%20sesame@localhost:${starttls.port}`).send(alert(), NEVER);
    await channel(`smtp://localhost:${starttls.port}`, { user: 'k:w', password: 'open sesame' }).send(
      alert(),
      NEVER,
    );
    expect(starttls.caught.map(({ user }) => user)).toEqual(['kw', 'k:w']);
    const tls = await server({ secure: true });
    expect(
      await channel(`smtps://kw:open%20sesame@localhost:${tls.port}/`).send(alert(), NEVER),
    ).toMatchObject({ ok: true });
    expect(tls.caught).toMatchObject([{ user: 'kw', secure: true }]);
  });

  it('never sends credentials in the clear: STARTTLS that is missing stops it', async () => {
    let tried = 0;
    const { port, caught } = await server({
      hideSTARTTLS: true,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => {
        tried++;
        done(null, { user: 'x' });
      },
    });
    const result = await channel(`smtp://kw:open%20sesame@localhost:${port}`).send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toMatch(/STARTTLS/);
    expect([tried, caught]).toEqual([0, []]);
    // Without credentials, and not told to insist, a local relay without TLS is good enough.
    expect(await channel(`smtp://localhost:${port}`).send(alert(), NEVER)).toMatchObject({ ok: true });
    expect(
      await channel(`smtp://localhost:${port}`, { requireTls: true }).send(alert(), NEVER),
    ).toMatchObject({ ok: false, retry: true });
    expect(caught).toHaveLength(1);
  });

  it('names what is wrong with a certificate and sends nothing', async () => {
    const { port, caught } = await server();
    const { tlsCa: _, ...usual } = {
      kind: 'email',
      name: 'ops',
      from: 'kw@example.org',
      to: ['ops@example.org'],
      tlsCa: '',
    } as const;
    const stranger = new EmailChannel({ ...usual, transport: `smtp://localhost:${port}`, timeoutMs: 2_000 });
    open.push(stranger);
    const unknown = await stranger.send(alert(), NEVER);
    expect(unknown).toMatchObject({ ok: false, retry: true });
    expect(unknown.because).toMatch(/self.signed/i);
    const other = await server({ cert: elsewhereCert, key: elsewhereKey });
    const wrong = await channel(`smtp://localhost:${other.port}`, { tlsCa: elsewhereCert }).send(
      alert(),
      NEVER,
    );
    expect(wrong).toMatchObject({ ok: false, retry: true });
    expect(wrong.because).toMatch(/altnames|does not match/i);
    const old = await server({ cert: expiredCert, key: expiredKey });
    const expired = await channel(`smtp://localhost:${old.port}`, { tlsCa: expiredCert }).send(
      alert(),
      NEVER,
    );
    expect(expired).toMatchObject({ ok: false, retry: true });
    expect(expired.because).toMatch(/expired/i);
    expect(old.caught).toEqual([]);
    const named = channel(`smtp://localhost:${other.port}`, {
      tlsCa: elsewhereCert,
      tlsServerName: 'elsewhere.example.net',
    });
    expect(await named.send(alert(), NEVER)).toMatchObject({ ok: true });
    expect(caught).toEqual([]);
  });

  it('tries again after a refused log-in and never tells the password', async () => {
    const secret = 'p4ss w0rd/+';
    const plain = Buffer.from(`\0kw\0${secret}`).toString('base64');
    const { port } = await server({
      onAuth: (_auth, _session, done) =>
        done(
          new Error(
            `no ${secret} ${encodeURIComponent(secret)} ${plain} ${Buffer.from(secret).toString('base64')}`,
          ),
        ),
    });
    const result = await channel(`smtp://kw:${encodeURIComponent(secret)}@localhost:${port}`).send(
      alert(),
      NEVER,
    );
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toContain('[secret]');
    for (const spelling of [
      secret,
      encodeURIComponent(secret),
      plain,
      Buffer.from(secret).toString('base64'),
    ]) {
      expect(result.because).not.toContain(spelling);
    }
  });

  it('tries again when the server has no way to log in that we know', async () => {
    const { port, caught } = await server({ authMethods: ['XOAUTH2'] });
    const result = await channel(`smtp://kw:secret@localhost:${port}`).send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).not.toContain('secret');
    expect(caught).toEqual([]);
  });

  it('delivers a hostile incident as exactly one message with its own headers only', async () => {
    const { port, caught } = await server();
    const evil =
      'x\r\nBcc: v@example.net\r\n\r\n.\r\nMAIL FROM:<q@example.net>\u2028\x1b[2J\u202e\ud800<script>';
    const { subject, text, html } = renderAlert(
      incident({
        id: evil,
        sources: [evil],
        targets: [target('192.0.2.10', 143, 0, { name: evil })],
        observers: [{ hostname: evil, address: evil, product: evil, rule: evil }],
      }),
      context({
        lines: [{ text: `${evil}${'x'.repeat(5_000)}`, receivedAtMs: 0, peer: evil }],
        evidence: [{ label: 'whois', text: '.\r\n.\n.\r' }],
      }),
    );
    const result = await channel(`smtp://localhost:${port}`).send(
      alert({ id: evil, subject, text, html, incidentIds: [evil] }),
      NEVER,
    );
    expect(result).toMatchObject({ ok: true });
    expect(caught).toHaveLength(1);
    expect(caught[0]!.to).toEqual(['ops@example.org']);
    const wire = caught[0]!.data;
    expect(wire.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    for (const line of wire.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
    const head = wire.split('\r\n\r\n')[0]!;
    for (const line of head.split('\r\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(
      head
        .split('\r\n')
        .filter((line) => /^\S/.test(line))
        .map((line) => line.split(':')[0])
        .toSorted(),
    ).toEqual(
      [
        'From',
        'To',
        'Subject',
        'Message-ID',
        'X-Mailer',
        'Date',
        'MIME-Version',
        'Content-Type',
        'Auto-Submitted',
        'X-Auto-Response-Suppress',
        'X-Knockwatch-Incident',
        'X-Knockwatch-Reason',
      ].toSorted(),
    );
    const mail = await PostalMime.parse(wire);
    expect(mail.subject).toBe(subject);
    expect(mail.text?.trimEnd()).toBe(text.trimEnd());
    expect(mail.html?.trimEnd()).toBe(html.trimEnd());
  });
});

describe('EmailChannel options', () => {
  it.each([
    ['not a url at all', {}, 'transport must be'],
    ['http://mail.example.org', {}, 'transport must be'],
    ['smtp:', {}, 'transport'],
    ['smtp://', {}, 'transport'],
    ['smtp://mail.example.org/path', {}, 'more than host and port'],
    ['smtp://mail.example.org?a=b', {}, 'more than host and port'],
    ['smtp://user:hunter2@mail.example.org:99999', {}, 'not a URL'],
    ['smtp://mail.example.org', { ehlo: 'a\r\nb' }, 'ehlo'],
    ['smtp://mail.example.org', { ehlo: '' }, 'ehlo'],
    ['smtp://mail.example.org', { from: 'a@x.example\r\nDATA' }, 'from'],
    ['smtp://mail.example.org', { to: ['"a@evil" @x.example'] }, 'to'],
    ['mailbox', {}, 'directory'],
    ['sendmail', { path: 'bin/sendmail' }, 'absolute'],
  ] as const)('refuses %s with %j', (transport, extra, why) => {
    expect(() => channel(transport, extra as Partial<EmailOptions>)).toThrow(TypeError);
    expect(() => channel(transport, extra as Partial<EmailOptions>)).toThrow(why);
  });

  it('does not repeat a password when it refuses a URL', () => {
    for (const transport of [
      'smtp://user:hunter2@mail.example.org:99999',
      'smtp://user:hunter2@',
      'smtp://u:hunter2@x/y',
    ]) {
      try {
        channel(transport);
        expect.unreachable();
      } catch (error) {
        expect(String((error as Error).stack)).not.toContain('hunter2');
      }
    }
  });
});
