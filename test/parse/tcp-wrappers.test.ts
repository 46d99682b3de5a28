import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serviceOfDaemon } from '../../src/parse/daemon-service.ts';
import { tcpWrappers } from '../../src/parse/tcp-wrappers.ts';
import { attemptOf, fastestMs, parseLine, remoteOf } from '../support/host-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

const parse = (line: string) => parseLine(tcpWrappers, line);
const say = (words: string, daemon = 'in.telnetd') => parse(`Nov 23 03:00:00 gw1 ${daemon}[7]: ${words}`);

describe('an ident answer', () => {
  const fake = '192.0.2.1';
  const real = '198.51.100.7';

  it.each([
    fake,
    `${fake} (${fake})`,
    `(${fake})`,
    `@${fake}`,
    `x@${fake} (${fake}) `,
    `root@${fake}`,
    `x with IP source routing options`,
    ` to `,
    `${fake}:22`,
    `connect from ${fake}`,
  ])('is never the address: %s', (ident) => {
    for (const client of [
      `${ident}@${real}`,
      `${ident}@host7.example.net (${real})`,
      `${ident}@${real} (${real})`,
    ]) {
      expect(remoteOf(say(`refused connect from ${client}`)), client).toBe(real);
      expect(remoteOf(say(`connect from ${client}`)), client).toBe(real);
      const inetd = say(`refused connection from ${client}, service telnetd (tcp)`, 'inetd');
      expect(remoteOf(inetd), client).toBe(real);
    }
  });

  it('is bounded', () => {
    expect(attemptOf(say(`refused connect from ${'x'.repeat(9000)}@${real}`))?.user).toHaveLength(256);
  });
});

describe('hostile text', () => {
  const words = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          ...[
            'refused connect from ',
            'connect from ',
            'twist ',
            ' to ',
            'warning: ',
            '192.0.2.9',
            '(192.0.2.9)',
            '@',
          ],
          ...[
            ' (',
            ')',
            ':22',
            ', service ftpd (tcp)',
            'FAIL: telnet x',
            ' from=',
            'START: ',
            '[1] from ',
            ' 22',
            '\n',
          ],
        ),
        fc.string({ unit: 'binary', maxLength: 12 }),
      ),
      { maxLength: 10 },
    )
    .map((parts) => parts.join(''));

  it('never throws, and takes an address only from the line', () => {
    fc.assert(
      fc.property(words, fc.constantFrom('in.ftpd', 'xinetd', 'inetd', 'rpcbind', 'sshd'), (text, daemon) => {
        const attempt = attemptOf(say(text, daemon));
        if (attempt?.source.name !== undefined) expect(text).toContain(attempt.source.name);
        if (attempt?.source.ip?.includes('.')) expect(text).toContain(attempt.source.ip);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ' ',
    '(',
    '((',
    'a@',
    ' from=',
    ', service x',
    ' with IP options (ignored): 0',
    ' to ',
    ')',
    '1',
    '192.0.2.1 ',
  ])('of 64 KiB made of %j is read in 5 ms', (piece) => {
    const text = piece.repeat(65_536 / piece.length);
    const starts = [
      'refused connect from ',
      'connect from ',
      'twist ',
      'FAIL: x ',
      'START: ',
      'connection from ',
      '',
    ];
    for (const start of starts) {
      for (const daemon of ['ftpd', 'xinetd', 'inetd', 'portmap']) {
        for (const end of ['', ')', ', service x (tcp)']) {
          const milliseconds = fastestMs(() => say(start + text + end, daemon));
          expect(milliseconds, `${daemon}: ${start}`).toBeLessThan(5);
        }
      }
    }
  });
});

describe('serviceOfDaemon()', () => {
  it.each([
    ['in.telnetd', 23],
    ['/usr/sbin/in.ftpd', 21],
    ['imapd', 143],
    ['ipop3d', 110],
    ['in.fingerd', 79],
    ['in.rlogind', 513],
    ['in.rshd', 514],
    ['in.rexecd', 512],
    ['sshd', 22],
    ['IMAPD', 143],
    ['telnet', 23],
    ['shell', 514],
    ['login', 513],
    ['exec', 512],
    ['time', 37],
    ['daytime', 13],
    ['chargen', 19],
    ['portmap', 111],
  ])('%s is port %i', (daemon, port) =>
    expect(serviceOfDaemon(daemon)).toMatchObject({ port, transport: 'tcp' }),
  );

  it.each([
    ['in.tftpd', 69],
    ['tftp', 69],
    ['in.ntalkd', 518],
    ['in.comsat', 512],
  ])('%s is udp port %i', (daemon, port) =>
    expect(serviceOfDaemon(daemon)).toEqual({ port, transport: 'udp' }),
  );

  it('knows no port of daemons without one, nor of names that mean several', () => {
    for (const daemon of ['ypserv', 'rpc.mountd', 'd', '', 'in.', 'constructor', '__proto__', 'smb']) {
      expect(serviceOfDaemon(daemon)).toEqual({ transport: 'tcp' });
    }
  });
});

runLineFixtures('tcp-wrappers', parse);
