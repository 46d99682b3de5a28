import { describe, expect, it } from 'vitest';
import { parse } from '../../src/parse/index.ts';
import { compilePatterns } from '../../src/parse/pattern.ts';
import type { Pattern } from '../../src/rule.ts';
import { decodeLine } from '../support/decode-line.ts';
import { attemptOf } from '../support/host-line.ts';

function pattern(regex: string, more: Partial<Pattern> = {}): Pattern {
  const position = { file: 'rules/site.yaml', line: 3, column: 5 };
  return { id: 'vpn-login-failed', regex, kind: 'login', action: 'failed', position, ...more };
}

const VPN = pattern('vpnd: login of (?P<user>\\S+) from (?P<source>\\S+) failed', {
  port: 1194,
  transport: 'udp',
});

/** What a line is read as when these are the site's patterns. */
function read(line: string, ...patterns: Pattern[]) {
  return parse(decodeLine(line), { prefixes: [], patterns: compilePatterns(patterns) });
}

const LINE = '<13>Nov 23 03:00:00 gw1 vpnd: login of joe from 198.51.100.7 failed';

describe('a pattern', () => {
  it('makes an attempt of a line nobody knows, with its groups as fields', () => {
    expect(read(LINE)).toBeUndefined();
    expect(read(LINE, VPN)).toEqual({
      kind: 'attempt',
      attempt: {
        kind: 'login',
        action: 'failed',
        parser: 'pattern',
        vendor: 'site',
        product: 'vpn-login-failed',
        rule: 'vpn-login-failed',
        source: { ip: '198.51.100.7' },
        destination: { port: 1194 },
        transport: 'udp',
        user: 'joe',
        count: 1,
      },
    });
  });

  it('fills every field there is', () => {
    const all = pattern(
      '^(?P<host>\\S+)\\|(?P<source>\\S+)\\|(?P<sourcePort>\\d+)\\|(?P<destination>\\S+)\\|(?P<port>\\S+)\\|(?P<transport>\\S+)\\|(?P<user>[^|]*)\\|(?P<service>[^|]*)\\|(?P<path>[^|]*)\\|(?P<count>\\d+)$',
    );
    expect(attemptOf(read('fw9|[2001:db8::7]|40000|192.0.2.10|imap|TCP|joe|mail|/x|37', all))).toMatchObject({
      hostname: 'fw9',
      source: { ip: '2001:db8::7', port: 40_000 },
      destination: { ip: '192.0.2.10', port: 143 },
      transport: 'tcp',
      user: 'joe',
      service: 'mail',
      path: '/x',
      count: 37,
    });
  });

  it.each([
    ['an address that is none', '198.51.100.700'],
    ['markup', '<b>x</b>'],
  ])('with %s as source is malformed', (_, source) => {
    expect(read(LINE.replace('198.51.100.7', source), VPN)).toMatchObject({
      kind: 'malformed',
      parser: 'pattern',
    });
  });

  it.each([
    ['a port beyond 65535', 'x 198.51.100.7 65536 1'],
    ['a service nobody knows', 'x 198.51.100.7 nosuchthing 1'],
    ['a count of nothing', 'x 198.51.100.7 143 0'],
  ])('with %s is malformed', (_, line) => {
    const of = pattern('x (?P<source>\\S+) (?P<port>\\S+) (?P<count>\\d+)');
    expect(read(line, of)).toMatchObject({ kind: 'malformed' });
  });

  it('keeps a host name where the line has one: it will match no rule, and nobody guesses', () => {
    expect(attemptOf(read(LINE.replace('198.51.100.7', 'host7.example.net'), VPN))).toMatchObject({
      source: { name: 'host7.example.net' },
    });
  });

  it('without a source takes the address of the host that logged, and is no attempt where it has none', () => {
    const alarm = pattern('intruder alarm', { kind: 'packet', action: 'denied' });
    expect(attemptOf(read('<13>Nov 23 03:00:00 192.0.2.9 door: intruder alarm', alarm))).toMatchObject({
      source: { ip: '192.0.2.9' },
    });
    expect(read('<13>Nov 23 03:00:00 door1 door: intruder alarm', alarm)).toMatchObject({ kind: 'ignored' });
  });

  it('sees header and tag, and the first of several that matches is taken', () => {
    const first = pattern('^Nov 23 \\S+ gw1 vpnd: .* from (?P<source>\\S+)', { id: 'first' });
    expect(attemptOf(read(LINE, first, VPN))?.rule).toBe('first');
    expect(attemptOf(read(LINE, pattern('never'), VPN))?.rule).toBe('vpn-login-failed');
  });

  it('is not tried on lines without its text', () => {
    expect(read(LINE, { ...VPN, contains: 'somebody else' })).toBeUndefined();
    expect(attemptOf(read(LINE, { ...VPN, contains: 'vpnd' }))).toBeDefined();
  });

  it('comes after the built-in parsers: it takes nothing from them', () => {
    const greedy = pattern('(?P<source>198\\.51\\.100\\.\\d+)', { id: 'greedy' });
    const denied =
      '<190>112: Nov 23 03:00:00.113: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.10(143), 1 packet';
    expect(attemptOf(read(denied, greedy))?.parser).toBe('cisco-ios');
    expect(read(denied.replace('31337', '99999'), greedy)).toMatchObject({
      kind: 'malformed',
      parser: 'cisco-ios',
    });
    // sshd's line reports no attempt by itself: the site may see one in it.
    const banner = '<38>Nov 23 03:00:00 gw1 sshd[1]: Server listening on 198.51.100.1 port 22.';
    expect(read(banner)).toMatchObject({ kind: 'ignored', parser: 'sshd' });
    expect(attemptOf(read(banner, greedy))?.rule).toBe('greedy');
    expect(read(banner, VPN)).toMatchObject({ kind: 'ignored', parser: 'sshd' });
  });

  it('never looks at our own lines', () => {
    const greedy = pattern('(?P<source>198\\.51\\.100\\.\\d+)');
    const line = '<27>Nov 23 03:00:09 mon1 knockwatch[1]: [knockwatch] Probe: 198.51.100.7 tried imap';
    expect(read(line, greedy)).toMatchObject({ kind: 'ignored', parser: 'own' });
  });

  it('bounds what a stranger writes, and what it looks at', () => {
    const user = 'x'.repeat(4_000);
    expect(attemptOf(read(LINE.replace('joe', user), VPN))?.user).toHaveLength(256);
    expect(read(`${'x'.repeat(8_192)} ${LINE}`, VPN)).toBeUndefined();
  });

  it('believes nothing of a line longer than it looks at: a name of the right length cuts the address short', () => {
    const of = pattern('login of (?P<user>.*) from (?P<source>\\S+)');
    const line = (length: number) => `${LINE.replace('joe', 'x'.repeat(length)).replace(' failed', '')}`;
    const most = 8_192 + '<13>'.length - line(0).length;
    expect(attemptOf(read(line(most), of))?.source).toEqual({ ip: '198.51.100.7' });
    for (const length of [most + 1, most + 2, most + 9_000]) {
      expect(read(line(length).replace('.7', '.79'), of)?.kind).not.toBe('attempt');
    }
    expect(read(line(most).replace('.7', '.79'), of)).toEqual({
      kind: 'malformed',
      parser: 'pattern',
      reason: 'pattern vpn-login-failed: the line is longer than is looked at',
    });
  });

  it('a hostile line costs little, whatever the expression', () => {
    const evil = pattern('(a+)+(a|aa)+(?P<source>\\S+)!$', { contains: 'a' });
    const before = performance.now();
    read('a'.repeat(65_536), evil);
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it('that does not compile throws: the rule loader has refused it', () => {
    expect(() => compilePatterns([pattern('(?=x)')])).toThrow('pattern vpn-login-failed: look-around');
  });

  it('a thousand of them leave a line that none knows fast', () => {
    const many = Array.from({ length: 1_000 }, (_, i) =>
      pattern(`program${i}: from (?P<source>\\S+)`, { id: `p${i}` }),
    );
    const patterns = compilePatterns(many);
    const message = decodeLine(LINE);
    const before = performance.now();
    for (let i = 0; i < 100; i++) patterns.parse(message);
    expect((performance.now() - before) / 100).toBeLessThan(5);
  });
});
