import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sshd } from '../../src/parse/sshd.ts';
import { attemptOf, fastestMs, parseLine, remoteOf } from '../support/host-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

const parse = (line: string) => parseLine(sshd, line);
const say = (words: string) => parse(`Nov 23 03:00:00 gw1 sshd[7]: ${words}`);

describe('sshd', () => {
  it('bounds the user name to 256 characters and leaves no half of a character', () => {
    const attempt = attemptOf(say(`Invalid user ${'a'.repeat(255)}😀 from 198.51.100.7 port 22`));
    expect(attempt?.user).toBe('a'.repeat(255));
  });

  it('names the address UNKNOWN as sshd does when the client is gone, and invents none', () => {
    expect(attemptOf(say('Did not receive identification string from UNKNOWN'))?.source).toEqual({
      name: 'UNKNOWN',
    });
  });

  it('never gives the wrappers a line of its own, nor takes one of theirs', () => {
    expect(say('connect from 198.51.100.7')).toBeUndefined();
    expect(say('Connection from 198.51.100.7 port 5')).toMatchObject({ kind: 'attempt' });
  });
});

describe('an address in the words of a stranger', () => {
  const fake = '192.0.2.1';
  const real = '198.51.100.7';
  const users = [
    `root from ${fake}`,
    `root from ${fake} port 22`,
    `root from ${fake} port 22 ssh2`,
    `root from ${fake} port 22 ssh2: RSA SHA256:a`,
    `root ${fake} port 22`,
    `root ${fake} port 22 [preauth]`,
    `x from ${fake} not allowed because y`,
    `Accepted password for root from ${fake} port 22 ssh2`,
    ` from ${fake} port 22 ssh2 via ${fake}`,
    `invalid user root from ${fake} port 22 ssh2`,
    `(${fake})`,
    `' from ${fake} port 22`,
  ];
  const lines: readonly [string, (text: string) => string][] = [
    ['Failed', (user) => `Failed password for invalid user ${user} from ${real} port 5 ssh2`],
    [
      'Failed publickey',
      (user) => `Failed publickey for invalid user ${user} from ${real} port 5 ssh2: RSA SHA256:x`,
    ],
    ['Failed without a port', (user) => `Failed password for ${user} from ${real}`],
    ['Invalid user', (user) => `Invalid user ${user} from ${real} port 5`],
    ['Invalid user without a port', (user) => `Invalid user ${user} from ${real}`],
    ['PAM', (user) => `error: PAM: Authentication failure for illegal user ${user} from ${real}`],
    ['PAM via', (user) => `error: PAM: Authentication failure for ${user} from ${real} via 192.0.2.10`],
    [
      'maximum',
      (user) =>
        `error: maximum authentication attempts exceeded for ${user} from ${real} port 5 ssh2 [preauth]`,
    ],
    ['closed', (user) => `Connection closed by invalid user ${user} ${real} port 5 [preauth]`],
    ['reset', (user) => `Connection reset by authenticating user ${user} ${real} port 5 [preauth]`],
    ['disconnected', (user) => `Disconnected from authenticating user ${user} ${real} port 5 [preauth]`],
    ['banner', (text) => `Bad protocol version identification '${text}' from ${real} port 5`],
    ['parting words', (text) => `Received disconnect from ${real} port 5:11: ${text} [preauth]`],
    [
      'offer',
      (text) =>
        `Unable to negotiate with ${real} port 5: no matching cipher found. Their offer: ${text} [preauth]`,
    ],
    ['mapper', (text) => `scanned from ${real} with ${text}.  Don't panic.`],
  ];

  it.each(lines)('is never blamed: %s', (_name, line) => {
    for (const user of users) expect(remoteOf(say(line(user))), line(user)).toBe(real);
  });

  it('is not blamed by words of protocol 1 either', () => {
    const user = `root from ${fake} port 22 ssh1: ruser x`;
    expect(remoteOf(say(`Failed password for invalid user ${user} from ${real} port 5 ssh2`))).toBe(real);
    expect(remoteOf(say(`Failed rhosts-rsa for root from ${real} port 5 ssh1: ruser x from ${fake}`))).toBe(
      real,
    );
  });

  it('makes a line malformed that sshd itself could have written about either address', () => {
    const hostbased = (client: string) =>
      `Failed hostbased for dan from ${real} port 5 ssh2: RSA aa, client user "${client}", client host "h"`;
    expect(remoteOf(say(hostbased('dan')))).toBe(real);
    expect(remoteOf(say(hostbased(`x from ${fake} port 5 ssh2: RSA bb, client user "y`)))).toBe('malformed');
    expect(remoteOf(say(hostbased(`x from ${fake} port 5 ssh2`)))).toBe(real);
    const error = (user: string) =>
      `Disconnecting invalid user ${user} ${real} port 5: Too many authentication failures`;
    expect(remoteOf(say(error('root')))).toBe(real);
    expect(remoteOf(say(error(`x ${fake} port 22: y`)))).toBe('malformed');
  });

  it('is the address only where the line ends with it', () => {
    expect(remoteOf(say(`Failed password for root from ${real} port 5 ssh2 and more`))).toBe('malformed');
    expect(remoteOf(say(`Invalid user root from ${real} port 5 and more`))).toBe('malformed');
  });
});

describe('hostile text', () => {
  const words = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc
      .array(
        fc.constantFrom(
          ...[
            'Failed',
            'password',
            'for',
            'invalid user',
            'from',
            ' from ',
            '192.0.2.9',
            'port',
            ' port 22',
            'ssh2',
          ],
          ...[
            ':',
            ': ',
            '[preauth]',
            'via',
            '(',
            ')',
            '"',
            "'",
            'ID',
            'CA',
            '\n',
            '\0',
            'User',
            'because',
            'ruser',
          ],
        ),
        { maxLength: 24 },
      )
      .map((parts) => parts.join(' ')),
  );
  const address = fc.oneof(
    fc.ipV4(),
    fc.integer({ min: 1, max: 0xffff }).map((n) => `2001:db8::${n.toString(16)}`),
  );

  it('never throws, and takes an address only from the line', () => {
    fc.assert(
      fc.property(words, (text) => {
        const attempt = attemptOf(say(text));
        if (attempt?.source.name !== undefined) expect(text).toContain(attempt.source.name);
        if (attempt?.source.ip?.includes('.')) expect(text).toContain(attempt.source.ip);
      }),
      { numRuns: 1000 },
    );
  });

  it('in a user name never moves the address away from the trailing ` from A port N`', () => {
    fc.assert(
      fc.property(words, address, fc.integer({ min: 1, max: 65535 }), (user, ip, port) => {
        const result = say(`Failed password for invalid user ${user} from ${ip} port ${port} ssh2`);
        expect(attemptOf(result)?.source).toEqual({ ip, port });
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['from', ' from '],
    ['origins', ' from 192.0.2.1 port 22 ssh2: RSA a ID '],
    ['host keys', ' from 192.0.2.1 port 22 ssh2: RSA a, client user "'],
    ['ports', ' 192.0.2.1 port 22: '],
    ['blanks', ' '],
    ['one word', 'a'],
    ['digits', '1'],
  ])('of 64 KiB made of %s is read in 5 ms', (_name, piece) => {
    const text = piece.repeat(Math.ceil(65_536 / piece.length)).slice(0, 65_536);
    const lines = [
      'Failed publickey for ',
      'Failed password for ',
      'Invalid user ',
      'Disconnecting ',
      'User ',
      'PAM: x for ',
    ];
    const ends = ['', ' (serial 0) CA RSA b', '", client host "h"', ' not allowed because x', ' [preauth]'];
    for (const start of [
      ...lines,
      'Connection closed by ',
      'Received disconnect from ',
      'Bad protocol version identification ',
    ]) {
      for (const end of ends)
        expect(
          fastestMs(() => say(start + text + end)),
          start + end,
        ).toBeLessThan(5);
    }
  });
});

runLineFixtures('sshd', parse);
