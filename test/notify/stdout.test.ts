import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { StdoutChannel } from '../../src/notify/stdout.ts';
import { alert } from '../support/notify.ts';

const options = { kind: 'stdout', name: 'json' } as const;

describe('StdoutChannel', () => {
  it('writes one JSON object a line, with ECS names and nothing that moves a cursor', async () => {
    const out = new PassThrough();
    const channel = new StdoutChannel(options, out, () => Date.parse('2026-01-24T17:48:00Z'));
    const hostile = alert({ text: 'a\nb\x1b[2J\u2028\u202e"\\ \ud800' });
    expect(await channel.send(hostile)).toEqual({ ok: true, because: 'written' });
    await channel.send(alert());
    await channel.close();
    const lines = out.read().toString().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(JSON.parse(lines[0])).toEqual({
      '@timestamp': '2026-01-24T17:48:00.000Z',
      message: '[knockwatch] Probe: 198.51.100.7 tried imap on 3 of 3 watched hosts in 9 s',
      event: { kind: 'alert', module: 'knockwatch', id: 'k7f2.first', reason: 'first-sight', severity: 2 },
      knockwatch: { incident: { id: ['k7f2'] }, severity: 'high', thread: 'k7f2.first', text: hostile.text },
    });
  });

  it.each([
    ['EPIPE', false],
    ['EAGAIN', true],
  ])('takes %s as retry %s and does not end the process', async (code, retry) => {
    const out = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(`write ${code}`), { code })),
    });
    expect(await new StdoutChannel(options, out).send(alert())).toEqual({
      ok: false,
      retry,
      because: `write ${code}`,
    });
  });
});
