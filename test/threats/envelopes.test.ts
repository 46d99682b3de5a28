import { beforeEach, expect, it } from 'vitest';
import { costMs } from '../support/cpu-time.ts';
import { cisco, netfilter, RECEIVED_MS, type Watch, watch } from '../support/threats.ts';

/*
 * Hostile and broken envelopes, through the whole pipeline: whatever stands around it, a denied packet is read or its line is not,
 * and the next good line works. How each header is read in detail is tested in test/decode.
 */

let lines: Watch;
beforeEach(async () => {
  lines = await watch();
});

const GOOD = { source: { ip: '203.0.113.9', port: 40_000 }, destination: { ip: '192.0.2.10', port: 143 } };
const line = netfilter('203.0.113.9', '192.0.2.10', 143);
const body = line.slice(line.indexOf('kernel:'));

it('E1: without a PRI', () => {
  const { message, attempt } = lines.send(line.slice(3));
  expect(message).toMatchObject({ pri: 'missing', facility: 1, severity: 5 });
  expect(attempt).toMatchObject(GOOD);
});

it.each(['<>', '<-1>', '<192>', '<999>', '<1000>', '<00013>', '<13', '<a>', '<4294967297>'])(
  'E2: with the impossible PRI %s',
  (pri) => {
    const { message, attempt } = lines.send(pri + line.slice(3));
    expect(message).toMatchObject({ pri: 'invalid', facility: 1, severity: 5 });
    expect(attempt).toMatchObject(GOOD);
  },
);

it('E3: with every field of its RFC 5424 header absent', () => {
  const { attempt } = lines.send(`<165>1 - - - - - - ${body}`);
  expect(attempt).toMatchObject({ ...GOOD, timeSource: 'receipt', atMs: RECEIVED_MS });
  expect(attempt!.observer).toEqual({ address: '192.0.2.1', via: 'udp' });
});

it.each([
  ['escaped quotes and brackets', '[a b="\\]\\"\\\\" c="[x\\]"]', true],
  ['an element that never ends', '[a b="c', false],
  ['values without quotes', '[a b=c]', true],
  ['64 KiB', `[a b="${'x'.repeat(65_000)}"]`, true],
  ['ten thousand elements', '[a b="c"]'.repeat(10_000), true],
])('E4: with structured data of %s', (_, data, isRead) => {
  const text = `<4>1 2026-11-23T03:00:00Z fw kernel - - ${data} ${body}`;
  const { attempt } = lines.send(text);
  expect(costMs(() => lines.send(text))).toBeLessThan(50);
  if (isRead) expect(attempt).toMatchObject(GOOD);
  else expect(attempt).toBeUndefined();
  expect(lines.stillWorks()).toBe(true);
});

it('E5: with a byte order mark in front of the message', () => {
  expect(lines.send(`<4>1 2026-11-23T03:00:00Z fw kernel - - - \ufeff${body}`).attempt).toMatchObject(GOOD);
  const midway = line.replace('DENY ', 'DENY\ufeff ');
  expect(lines.send(midway)).toMatchObject({ message: { text: midway.slice(3) }, attempt: GOOD });
});

it.each(['ff fe', 'c0 af', 'ed a0 80', 'e2 82'])(
  'E6: with the octets %s, which are no UTF-8, in its prefix',
  (hex) => {
    const [before, after] = line.split('DENY');
    const octets = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    const { attempt, message } = lines.send(
      Buffer.concat([Buffer.from(`${before}DENY `), octets, Buffer.from(after!)]),
    );
    expect(attempt).toMatchObject(GOOD);
    expect(message.text).toContain('\ufffd');
    expect(attempt!.rule).not.toContain('/');
  },
);

it('E7: stamped a second before the new year and received after it, and the other way round', () => {
  const stamped = (text: string) => line.replace('Nov 23 03:00:00', text);
  const late = lines.send(stamped('Dec 31 23:59:59'), Date.parse('2027-01-01T00:00:05Z'));
  expect(late.attempt!.atMs).toBe(Date.parse('2026-12-31T23:59:59Z'));
  const received = Date.parse('2027-12-31T23:59:58Z');
  const early = lines.send(stamped('Jan  1 00:00:00'), received);
  expect(Math.abs(early.attempt!.atMs - received)).toBeLessThan(10_000);
});

it.each([
  'Feb 29 03:00:00',
  'Feb 31 03:00:00',
  'Feb 30 03:00:00',
  'Nov 31 03:00:00',
  'Nov 23 14:99:16',
  'Nov 23 24:00:00',
  'Nov 23 23:59:60',
])('E8: stamped %s, a moment that does not exist: the receipt counts', (stamp) => {
  const { attempt } = lines.send(line.replace('Nov 23 03:00:00', stamp));
  expect(attempt).toMatchObject({ ...GOOD, atMs: RECEIVED_MS, timeSource: 'receipt' });
});

it('E8: stamped on a leap day that there is', () => {
  const { attempt } = lines.send(
    line.replace('Nov 23 03:00:00', 'Feb 29 03:00:00'),
    Date.parse('2028-02-29T03:00:01Z'),
  );
  expect(attempt).toMatchObject({ atMs: Date.parse('2028-02-29T03:00:00Z'), timeSource: 'device' });
});

it('E9: stamped in the hour that is left out when summer time begins: no window an hour off', async () => {
  const warsaw = await watch({ zone: 'Europe/Warsaw' });
  const received = Date.parse('2026-03-29T01:00:10Z');
  const { attempt } = warsaw.send(line.replace('Nov 23 03:00:00', 'Mar 29 02:30:00'), received);
  expect(Math.abs(received - attempt!.atMs)).toBeLessThanOrEqual(60 * 60_000);
});

it('E9: stamped in the hour that comes twice when summer time ends', async () => {
  const warsaw = await watch({ zone: 'Europe/Warsaw' });
  const stamped = line.replace('Nov 23 03:00:00', 'Oct 25 02:30:00');
  for (const received of ['2026-10-25T00:30:01Z', '2026-10-25T01:30:01Z']) {
    const { attempt } = warsaw.send(stamped, Date.parse(received));
    expect(Date.parse(received) - attempt!.atMs).toBe(1_000);
  }
});

it.each(['*Mar  1 00:00:12.345: ', '.Nov 23 03:00:00: ', '1d02h: ', '000123: *Mar  1 00:00:12: '])(
  'E10: stamped %s by a clock that says itself it is not set',
  (stamp) => {
    const text = cisco('203.0.113.9', '192.0.2.10', 143).replace('45: Nov 23 03:00:00: ', stamp);
    expect(lines.send(text).attempt).toMatchObject({ ...GOOD, timeSource: 'receipt', atMs: RECEIVED_MS });
  },
);

it.each(['2036-11-23T03:00:00Z', '1970-01-01T00:00:00Z'])(
  'E11: stamped %s by a clock that is absurd',
  (stamp) => {
    const { attempt } = lines.send(`<4>1 ${stamp} fw kernel - - - ${body}`);
    expect(attempt).toMatchObject({ ...GOOD, timeSource: 'receipt', atMs: RECEIVED_MS });
  },
);

it.each(['1', '1 ', '2026-', 'Nov 23 ', '00:', '1.'])(
  'E12: with 64 KiB of %j where the time should be',
  (soup) => {
    const text = `<4>${soup.repeat(65_536 / soup.length)} ${body}`;
    expect(costMs(() => lines.send(text))).toBeLessThan(5);
    expect(lines.stillWorks()).toBe(true);
  },
);

it.each(['h'.repeat(300), 'a/b', '../../etc', '-', '[::1]', '@'.repeat(1_000)])(
  'E13: from a host that calls itself %j',
  (host) => {
    const { attempt } = lines.send(line.replace(' fw ', ` ${host} `));
    expect(attempt?.observer.hostname?.length ?? 0).toBeLessThanOrEqual(255);
    expect(lines.stillWorks()).toBe(true);
  },
);

it('E14: with the header of a relay in front of its own: one packet', () => {
  expect(lines.send(`<4>Nov 23 03:00:01 relay ${line}`).attempt).toMatchObject(GOOD);
});

it.each(['Oct 31 00:00:00 0 sshd: [ID 0 auth.notice]', '00:(:', '<', '', '\0', '<13>'])(
  'E15: %j, which crashed others',
  (text) => {
    expect(lines.send(text).attempt).toBeUndefined();
    expect(lines.stillWorks()).toBe(true);
  },
);

it('E16: repeated 42 times, and a summary of 57 packets, are packets and not hosts', () => {
  lines.send(line);
  expect(lines.send('<4>Nov 23 03:00:02 fw last message repeated 42 times').attempt!.count).toBe(42);
  expect(lines.send(cisco('203.0.113.9', '192.0.2.10', 143, 57)).attempt!.count).toBe(57);
  expect(lines.incidents()).toEqual([]);
});
