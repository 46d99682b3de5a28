import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import { composed, idText, messageOf } from '../../../src/notify/email/message.ts';
import type { Alert } from '../../../src/types.ts';
import { alert } from '../../support/notify.ts';

const people = { from: 'kw@example.org', fromName: 'knockwatch', to: ['ops@example.org', 'noc@example.org'] };
const date = new Date('2026-01-24T17:48:00Z');
const octetsOf = (extra: Partial<Alert> = {}) => composed(messageOf(alert(extra), people, date), 'windows');

describe('messageOf()', () => {
  it('makes the same message of the same alert', async () => {
    const mail = await PostalMime.parse(await octetsOf());
    expect(mail).toMatchObject({
      messageId: '<k7f2.first@example.org>',
      from: { name: 'knockwatch', address: 'kw@example.org' },
      to: [{ address: 'ops@example.org' }, { address: 'noc@example.org' }],
      subject: '[knockwatch] Probe: 198.51.100.7 tried imap on 3 of 3 watched hosts in 9 s',
      date: '2026-01-24T17:48:00.000Z',
      text: 'the text\n',
      html: '<p>the text</p>\n',
    });
    expect(mail.inReplyTo).toBeUndefined();
    const headers = new Map(mail.headers.map(({ key, value }) => [key, value]));
    expect(headers.get('auto-submitted')).toBe('auto-generated');
    expect(headers.get('x-auto-response-suppress')).toBe('All');
    expect(headers.get('x-knockwatch-incident')).toBe('k7f2');
    expect(headers.get('x-knockwatch-reason')).toBe('first-sight');
  });

  it('answers the first mail of its thread', async () => {
    const mail = await PostalMime.parse(await octetsOf({ id: 'k7f2.closing', threadId: 'k7f2.first' }));
    expect(mail.messageId).toBe('<k7f2.closing@example.org>');
    expect(mail.inReplyTo).toBe('<k7f2.first@example.org>');
    expect(mail.references).toBe('<k7f2.first@example.org>');
  });

  it('keeps hostile ids and subjects in their places', async () => {
    const hostile = 'x>\r\nBcc: v@example.net\r\n\r\nbody\u2028';
    const octets = await octetsOf({
      id: hostile,
      threadId: `${hostile}2`,
      subject: hostile,
      incidentIds: [hostile],
    });
    const mail = await PostalMime.parse(octets);
    expect(
      mail.headers
        .filter(({ key }) => ['bcc', 'subject', 'message-id'].includes(key))
        .map(({ key }) => key)
        .toSorted(),
    ).toEqual(['message-id', 'subject']);
    expect(mail.subject).toBe('x> Bcc: v@example.net body');
    expect(mail.text).toBe('the text\n');
    expect(octets.toString('latin1')).not.toMatch(/^Bcc:/m);
  });

  it('names ten incidents of a digest and no more', async () => {
    const incidentIds = Array.from({ length: 5000 }, (_, i) => `k${i}`);
    const head = (await octetsOf({ incidentIds })).toString('latin1').split('\r\n\r\n')[0]!;
    expect(head).toContain('X-Knockwatch-Incident: k0 k1 k2 k3 k4 k5 k6 k7 k8 k9\r\n');
  });
});

describe('composed()', () => {
  const bodies = [
    '\r\n.\r\nMAIL FROM:<q>\r\n',
    '\n.\n',
    '\r.\r',
    'a\rb\r\nc\nd',
    `${'x'.repeat(5000)}\n`,
    '日😀 é\n',
    ' \n\t\n',
  ];

  it.each(bodies)('has no bare CR or LF and no long line for %j', async (text) => {
    const octets = await octetsOf({ text, html: `<p>${text}</p>`, subject: text });
    const wire = octets.toString('latin1');
    expect(wire.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    for (const line of wire.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
    // Never format=flowed: a reader that joins lines would spoil the tables.
    expect(wire).not.toContain('flowed');
    const encodings = [...wire.matchAll(/^Content-Transfer-Encoding: (.*)\r$/gim)].map(([, name]) => name);
    const isPlain = /^[\s\x20-\x7e]*$/.test(text) && text.length <= 998;
    expect(encodings).toEqual([isPlain ? '7bit' : 'quoted-printable', 'quoted-printable']);
    const head = wire.split('\r\n\r\n')[0]!;
    expect(head.match(/^Subject:/gim) ?? []).toHaveLength(text.trim() === '' ? 0 : 1);
    const mail = await PostalMime.parse(octets);
    expect(mail.text?.trimEnd()).toBe(text.replace(/\r\n?/g, '\n').trimEnd());
  });

  const line = (length: number) => 'Source:       198.51.100.7   port 31337 '.padEnd(length, 'abc ');

  it.each([
    ['with a line of 998 octets', line(998)],
    [
      'with a netfilter line',
      '  [UFW BLOCK] IN=eth0 SRC=198.51.100.7 DST=192.0.2.10 LEN=60 PROTO=TCP SPT=31337 DPT=143',
    ],
  ])('leaves plain text %s as it is', async (_, long) => {
    const text = `${line(60)}\n${long}\n`.repeat(200);
    const octets = await octetsOf({ text });
    expect(octets.toString('latin1')).toContain(`\r\n\r\n${text.replaceAll('\n', '\r\n')}`);
    expect((await PostalMime.parse(octets)).text?.trimEnd()).toBe(text.trimEnd());
  });

  it.each([
    ['a line is longer', 'x'.repeat(999)],
    ['a word is not ASCII', 'żółw 日😀'],
    ['a character is a control', 'a\x1b[2Jb\0'],
  ])('breaks only lines over 76 octets when %s', async (_, odd) => {
    const text = `${line(60)}\n${odd}\n${line(70)}\n`.repeat(50);
    const octets = await octetsOf({ text });
    const wire = octets.toString('latin1');
    expect(wire.split('\r\n').filter((each) => each.startsWith('Source:'))).toHaveLength(100);
    expect(wire).not.toMatch(/^Source:.*=\r$/m);
    expect((await PostalMime.parse(octets)).text?.trimEnd()).toBe(text.trimEnd());
  });

  it('writes LF alone for a local program', async () => {
    for (const text of ['a\r\nb\rc\n', 'ä\r\nb\rc\n']) {
      const octets = await composed(messageOf(alert({ text }), people, date), 'unix');
      expect(octets.includes(13)).toBe(false);
      expect((await PostalMime.parse(octets)).text?.trimEnd()).toBe(text.replace(/\r\n?/g, '\n').trimEnd());
    }
  });

  it('reads no file and no address from the alert', async () => {
    const mail = await PostalMime.parse(
      await octetsOf({ html: '<img src="/etc/passwd"><img src="data:image/png;base64,AA==">' }),
    );
    expect(mail.attachments).toEqual([]);
  });
});

describe('idText()', () => {
  it('is safe as a file name and in a header', () => {
    expect(idText('../../etc/x y\r\n>')).toBe('.._.._etc_x_y___');
    expect(idText('x'.repeat(500))).toHaveLength(120);
  });
});
