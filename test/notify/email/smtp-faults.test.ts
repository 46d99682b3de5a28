import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { EmailChannel } from '../../../src/notify/email.ts';
import type { EmailOptions } from '../../../src/notify/options.ts';
import { alert } from '../../support/notify.ts';
import { type Answer, mailServer, scriptedServer } from '../../support/smtp.ts';

const NEVER = new AbortController().signal;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

function channel(port: number, extra: Partial<EmailOptions> = {}): EmailChannel {
  const made = new EmailChannel({
    kind: 'email',
    name: 'ops',
    transport: `smtp://127.0.0.1:${port}`,
    from: 'kw@example.org',
    to: ['ops@example.org'],
    timeoutMs: 300,
    ...extra,
  });
  open.push(made);
  return made;
}

async function scripted(script: Record<string, Answer>) {
  const server = await scriptedServer(script);
  open.push(server);
  return server;
}

/** Refuses or defers recipients by the local part: bad-..., later-... */
async function picky(extra: Parameters<typeof mailServer>[0] = {}) {
  const server = await mailServer({
    hideSTARTTLS: true,
    onRcptTo({ address }, _session, done) {
      const error = (text: string, responseCode: number) => Object.assign(new Error(text), { responseCode });
      if (address.startsWith('bad')) done(error('no such user', 550));
      else if (address.startsWith('later')) done(error('greylisted', 450));
      else done();
    },
    ...extra,
  });
  open.push(server);
  return server;
}

describe('a mail server that fails', () => {
  it('is not there: tried again', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as { port: number };
    await new Promise((resolve) => gone.close(resolve));
    const result = await channel(port).send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toMatch(/^0 of 1 recipients; .*ECONNREFUSED/);
  });

  it.each(['greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'dot'])(
    'hangs at %s: timed out and tried again',
    async (stage) => {
      const { port } = await scripted({ [stage]: 'hang' });
      const started = performance.now();
      const result = await channel(port).send(alert(), NEVER);
      expect(result).toMatchObject({ ok: false, retry: true });
      expect(result.because).toMatch(/ETIMEDOUT/);
      expect(performance.now() - started).toBeLessThan(3_000);
    },
  );

  it.each([
    [{ greeting: '421 busy' }, '421'],
    [{ greeting: '554 go away' }, '554'],
    [{ EHLO: '421 busy', HELO: '421 busy' }, '421'],
    [{ MAIL: '451 later' }, '451'],
    [{ RCPT: '450 greylisted' }, '450'],
    [{ DATA: '451 later' }, '451'],
    [{ dot: '451 disk full' }, '451'],
    [{ dot: '503 bad sequence' }, '503'],
    [{ MAIL: '530 authentication required' }, '530'],
  ])('says %j: tried again', async (script, code) => {
    const { port } = await scripted(script as unknown as Record<string, Answer>);
    const result = await channel(port).send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toContain(code);
  });

  it.each([
    [{ MAIL: '550 no such sender' }, '550'],
    [{ RCPT: '550 no such user' }, '550'],
    [{ DATA: '554 no' }, '554'],
    [{ dot: '552 too large' }, '552'],
    [{ dot: '554 spam' }, '554'],
  ])('says %j: not tried again', async (script, code) => {
    const { port } = await scripted(script as unknown as Record<string, Answer>);
    const result = await channel(port).send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: false });
    expect(result.because).toContain(code);
  });

  it.each([
    ['in the middle of the data', { midData: 'drop' }],
    ['after the final dot', { dot: 'drop' }],
    ['at once', { greeting: 'drop' }],
  ] as const)('hangs up %s: tried again', async (_when, script) => {
    const { port } = await scripted(script);
    expect(await channel(port).send(alert(), NEVER)).toMatchObject({ ok: false, retry: true });
  });

  it.each([
    ['one endless line', `250 ${'x'.repeat(10_000_000)}`],
    ['endless continuation', `${'250-x\r\n'.repeat(300_000)}250 x`],
  ])('answers with %s: bounded', async (_what, reply) => {
    const { port } = await scripted({ EHLO: reply });
    const started = performance.now();
    const result = await channel(port).send(alert(), NEVER);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(result.because.length).toBeLessThan(500);
  });

  it('drips: ended by whoever waits', async () => {
    const { port } = await scripted({ greeting: 'hang' });
    const patience = new AbortController();
    setTimeout(() => patience.abort(), 100);
    const result = await channel(port, { timeoutMs: 60_000 }).send(alert(), patience.signal);
    expect(result).toMatchObject({ ok: false, retry: true });
  });

  it('says hostile things: shown escaped', async () => {
    const { port } = await scripted({ dot: '552 \x1b[2J\u0085forged' });
    const { because } = await channel(port).send(alert(), NEVER);
    expect(because).toContain('\\x1b[2J');
    expect(because).not.toMatch(/\p{Cc}/u);
  });
});

describe('one recipient of three', () => {
  const to = ['ops@example.org', 'bad@example.org', 'noc@example.org'];

  it('is refused: the others get their mail once, and it is told', async () => {
    const { port, caught } = await picky();
    const result = await channel(port, { to }).send(alert(), NEVER);
    expect(result).toEqual({ ok: true, because: '2 of 3 recipients; bad@example.org: 550 no such user' });
    expect(caught.map((mail) => mail.to)).toEqual([['ops@example.org', 'noc@example.org']]);
  });

  it('is asked to wait: tried again for that one alone', async () => {
    let greylisted = true;
    const { port, caught } = await picky({
      onRcptTo({ address }, _session, done) {
        if (address.startsWith('later') && greylisted)
          done(Object.assign(new Error('greylisted'), { responseCode: 450 }));
        else done();
      },
    });
    const ops = channel(port, { to: ['ops@example.org', 'later@example.org'] });
    expect(await ops.send(alert(), NEVER)).toEqual({
      ok: false,
      retry: true,
      because: '1 of 2 recipients; later@example.org: 450 greylisted',
    });
    greylisted = false;
    expect(await ops.send(alert(), NEVER)).toMatchObject({ ok: true });
    expect(caught.map((mail) => mail.to)).toEqual([['ops@example.org'], ['later@example.org']]);
    // Another alert goes to both again.
    expect(await ops.send(alert({ id: 'k8.first' }), NEVER)).toMatchObject({ ok: true });
    expect(caught[2]!.to).toEqual(['ops@example.org', 'later@example.org']);
  });

  it('is asked to wait while the others are refused: still tried again', async () => {
    const { port, caught } = await picky();
    const ops = channel(port, { to: ['bad@example.org', 'later@example.org', 'bad2@example.org'] });
    expect(await ops.send(alert(), NEVER)).toMatchObject({ ok: false, retry: true });
    expect(caught).toEqual([]);
    const all = channel(port, { to: ['bad@example.org', 'bad2@example.org'] });
    expect(await all.send(alert(), NEVER)).toMatchObject({
      ok: false,
      retry: false,
      because: '0 of 2 recipients; 550 no such user',
    });
  });
});
