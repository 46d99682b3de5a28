import { describe, expect, it } from 'vitest';
import { compileMatcher } from '../../src/match/matcher.ts';
import type { Attempt } from '../../src/types.ts';
import { attempt, hosts, ignore, ports, rule, ruleSet } from '../support/rule-sets.ts';

const matcher = compileMatcher(
  ruleSet([rule('probe', hosts('192.0.2.10'), ports(143))], {
    ignores: [ignore(hosts('203.0.113.0/28'))],
    names: new Map([['192.0.2.10', 'lisa']]),
  }),
);

const because = (more: Partial<Attempt>) => matcher.explainMatch(attempt(more))[0]?.because;

describe('explainMatch() says', () => {
  it.each<[Partial<Attempt>, string]>([
    [{}, 'lisa (192.0.2.10) and port 143/tcp (imap) are watched, and denied counts'],
    [
      { destination: { ip: '192.0.2.10', port: 22 }, furtherPorts: [80, 143] },
      'lisa (192.0.2.10) and port 143/tcp (imap) are watched, and denied counts',
    ],
    [
      { destination: { ip: '192.0.2.10', port: 8080 }, furtherPorts: [80] },
      'port 8080/tcp (http-alt) is not watched',
    ],
    [{ source: {} }, 'the line names no source address'],
    [{ destination: { ip: '192.0.2.99', port: 143 } }, '192.0.2.99 is not watched'],
    [{ destination: { ip: '192.0.2.10', port: 8080 } }, 'port 8080/tcp (http-alt) is not watched'],
    [{ destination: { ip: '192.0.2.10', port: 60_999 } }, 'port 60999/tcp is not watched'],
    [
      { destination: { ip: '192.0.2.10' }, transport: 'icmp' },
      'the line names no port, and the rule watches only some',
    ],
    [{ action: 'allowed' }, 'action allowed does not count, only denied and failed'],
    [{ source: { ip: '203.0.113.9' } }, 'ignored: our own scanner (rules/site.yaml:12)'],
    [{ destination: {}, observer: { hostname: 'gw1', address: 'lines.log' } }, 'gw1 is not watched'],
  ])('%j', (more, expected) => {
    expect(because(more)).toBe(expected);
  });

  it('one thing for each rule, in their order', () => {
    const two = compileMatcher(
      ruleSet([rule('a', hosts('any'), ports('any')), rule('b', hosts('any'), ports(80))]),
    );
    expect(two.explainMatch(attempt())).toEqual([
      {
        ruleId: 'a',
        matched: true,
        because: '192.0.2.10 and port 143/tcp (imap) are watched, and denied counts',
      },
      { ruleId: 'b', matched: false, because: 'port 143/tcp (imap) is not watched' },
    ]);
  });
});
