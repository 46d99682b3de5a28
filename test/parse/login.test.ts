import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { login } from '../../src/parse/login.ts';
import { attemptOf, fastestMs, parseLine, remoteOf } from '../support/host-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

const parse = (line: string) => parseLine(login, line);
const say = (words: string, program = 'login') => parse(`Nov 23 03:00:00 gw1 ${program}[7]: ${words}`);

describe('a user name', () => {
  const fake = '192.0.2.1';
  const real = '198.51.100.7';
  const users = [
    ` FROM ${fake}`,
    `x FROM ${fake}, y`,
    `x FROM ${fake} FOR y, z`,
    `x' from '${fake}`,
    `x' on 'pts/0' from '${fake}`,
    `x' FOR '${fake}`,
    `x(${fake})`,
    `x [${fake}], y`,
    `x, ${fake}`,
    `${fake}`,
    `@${fake}`,
  ];
  const lines: readonly [string, (user: string) => string][] = [
    ['login', (user) => `2 LOGIN FAILURES FROM ${real}, ${user}`],
    ['login', (user) => `REPEATED LOGIN FAILURES ON ttyp0 FROM ${real}, ${user}`],
    ['login', (user) => `Login failure on /dev/pts/1 from ${real}, ${user}`],
    ['login', (user) => `FAILED LOGIN 1 FROM ${real} FOR ${user}, Authentication failure`],
    ['login', (user) => `FAILED LOGIN (1) on 'pts/0' from '${real}' FOR '${user}', Authentication failure`],
    ['login', (user) => `invalid password for '${user}' on 'pts/0' from '${real}'`],
    ['ftpd', (user) => `FTP LOGIN FAILED FROM ${real}, ${user}`],
    ['ftpd', (user) => `FTP LOGIN FAILED FROM host7.example.net(${real}), ${user}`],
    ['ftpd', (user) => `failed login from host7.example.net [${real}], ${user}`],
    ['ftpd', (user) => `FTP LOGIN REFUSED FROM ${real}, ${user}`],
  ];

  it.each(lines)('is never the host: %s', (program, line) => {
    for (const user of users) expect(remoteOf(say(line(user), program)), line(user)).toBe(real);
  });

  it('is never a host where the line names none', () => {
    for (const user of users) {
      for (const line of [
        `2 LOGIN FAILURES ON ttyv0, ${user}`,
        `REPEATED LOGIN FAILURES ON console, ${user}`,
      ]) {
        expect(remoteOf(say(line)), line).toBe('ignored');
      }
      expect(remoteOf(say(`invalid password for '${user}' on 'tty1'`)), user).toBe('ignored');
    }
  });

  it('is bounded', () => {
    expect(attemptOf(say(`2 LOGIN FAILURES FROM ${real}, ${'x'.repeat(9000)}`))?.user).toHaveLength(256);
  });
});

describe('the count', () => {
  it('is what the line says, and at least one', () => {
    expect(attemptOf(say('10 LOGIN FAILURES FROM 198.51.100.7'))?.count).toBe(10);
    expect(attemptOf(say('0 LOGIN FAILURES FROM 198.51.100.7'))?.count).toBe(1);
    expect(say('4294967296 LOGIN FAILURES FROM 198.51.100.7')).toMatchObject({ kind: 'malformed' });
  });
});

describe('hosts named like terminals', () => {
  it('are hosts', () => {
    for (const host of ['console.example.net', 'tty.example.net', 'pts.example.net']) {
      expect(remoteOf(say(`FAILED LOGIN 1 FROM ${host} FOR x, y`))).toBe(host);
    }
  });
});

describe('hostile text', () => {
  const words = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          ...[
            '2 LOGIN FAILURES',
            'REPEATED LOGIN FAILURES',
            ' ON tty',
            ' FROM ',
            '192.0.2.9',
            ', ',
            'FAILED LOGIN 1',
            ' FOR ',
          ],
          ...[
            "invalid password for '",
            "' on '",
            "' from '",
            "'",
            'FTP LOGIN FAILED FROM ',
            'connection from ',
            ' [',
            ']',
            '(',
            ')',
          ],
          ...['repeated login failures from ', ':/dev/pts/1:', 'Mon Nov 23 10:21:10 2026', '@', '\n', '\0'],
        ),
        fc.string({ unit: 'binary', maxLength: 12 }),
      ),
      { maxLength: 10 },
    )
    .map((parts) => parts.join(''));

  it('never throws, and takes an address only from the line', () => {
    fc.assert(
      fc.property(words, fc.constantFrom('login', 'ftpd', 'telnetd'), (text, program) => {
        for (const result of [say(text, program), parse(text)]) {
          const attempt = attemptOf(result);
          if (attempt?.source.name !== undefined) expect(text).toContain(attempt.source.name);
          if (attempt?.source.ip?.includes('.')) expect(text).toContain(attempt.source.ip);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ' ',
    ', ',
    ',',
    "' on '",
    "' on 'a' from '",
    "'",
    ' FROM ',
    ' FOR ',
    '(',
    '[1]',
    ':/dev/a',
    '1',
    'a@b, ',
  ])('of 64 KiB made of %j is read in 5 ms', (piece) => {
    const text = piece.repeat(65_536 / piece.length);
    const starts = [
      '2 LOGIN FAILURES FROM a',
      'REPEATED LOGIN FAILURES ON a',
      'FAILED LOGIN 1 FROM a FOR ',
      "FAILED LOGIN (1) FOR '",
    ];
    for (const start of [...starts, "invalid password for '", 'LOGIN ', '']) {
      for (const end of ['', "'", ','])
        expect(
          fastestMs(() => say(start + text + end)),
          start,
        ).toBeLessThan(5);
    }
    for (const start of [
      'FTP LOGIN FAILED FROM a',
      'repeated login failures from ',
      'connection from a',
      'ACCESS DENIED ',
    ]) {
      for (const end of ['', ']'])
        expect(
          fastestMs(() => say(start + text + end, 'ftpd')),
          start,
        ).toBeLessThan(5);
    }
    expect(fastestMs(() => parse(text))).toBeLessThan(5);
  });
});

runLineFixtures('login', parse);
