import { describe, expect, it } from 'vitest';
import { planWatched } from '../../src/router/plan.ts';
import { hosts, ports, rule, ruleSet } from '../support/rule-sets.ts';

const NOBODY = hosts();
const plan = (...rules: Parameters<typeof ruleSet>[0]) => planWatched(ruleSet(rules), NOBODY);

describe('planWatched()', () => {
  it('refuses more single hosts than anybody wants on a router', () => {
    const many = Array.from({ length: 2_001 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    expect(() => plan(rule('a', hosts(...many), ports(143)))).toThrow(/name networks/);
  });

  it('leaves out a rule that does not count denied packets, and says so', () => {
    expect(plan(rule('logins', hosts('192.0.2.10'), ports(22), { actions: ['failed'] }))).toEqual({
      watched: [],
      omitted: ['Rule logins counts failed, not denied: log that where it happens.'],
    });
  });

  it.each([
    [{ kinds: ['login'] as const }, /counts login, not packets/],
    [{ patterns: ['vpn'] }, /patterns find in lines of your own/],
  ])('leaves out a rule that is not about packets: %j', (more, because) => {
    const { watched, omitted } = plan(rule('a', hosts('192.0.2.10'), ports(22), more));
    expect(watched).toEqual([]);
    expect(omitted).toEqual([expect.stringMatching(because)]);
  });

  it('denies nothing for `any` unless it is said whose addresses that means', () => {
    const { watched, omitted } = plan(rule('a', hosts('any'), ports(143)));
    expect(watched).toEqual([]);
    expect(omitted).toEqual([expect.stringContaining('--hosts')]);
  });

  it('puts own networks in the place of `any`', () => {
    const { watched } = planWatched(
      ruleSet([rule('a', hosts('any'), ports('143/tcp'))]),
      hosts('203.0.113.0/24', '2001:db8::/32'),
    );
    expect(watched.map(({ destination, family }) => [destination, family])).toEqual([
      ['203.0.113.0/24', 4],
      ['2001:db8::/32', 6],
    ]);
  });

  it.each([['any'], ['1-1024']])('never denies ports %s on everything one owns', (refs) => {
    const { watched, omitted } = planWatched(
      ruleSet([rule('sweep', hosts('any'), ports(refs))]),
      hosts('203.0.113.0/24'),
    );
    expect(watched).toEqual([]);
    expect(omitted[0]).toMatch(/cut off what you serve/);
  });

  it('takes a port without transport as TCP and UDP', () => {
    const { watched } = plan(rule('a', hosts('192.0.2.10'), ports(143)));
    expect(watched.map(({ transport }) => transport)).toEqual(['tcp', 'udp']);
  });

  it('joins what several rules want of one host: ports once, ascending, touching ranges made one', () => {
    const { watched } = plan(
      rule('a', hosts('192.0.2.10'), ports('513/tcp', '20-30/tcp')),
      rule('b', hosts('192.0.2.10'), ports('31-40/tcp', '25-28/tcp', '513/tcp')),
    );
    expect(watched).toEqual([
      {
        family: 4,
        destination: '192.0.2.10',
        transport: 'tcp',
        ports: [
          { from: 20, to: 40 },
          { from: 513, to: 513 },
        ],
        rules: ['a', 'b'],
      },
    ]);
  });

  it('lets `any` port swallow the others of the same host', () => {
    const { watched } = plan(
      rule('a', hosts('192.0.2.10'), ports(143)),
      rule('b', hosts('192.0.2.10'), ports('any')),
    );
    expect(watched).toMatchObject([{ transport: 'any', ports: [], rules: ['a', 'b'] }]);
  });

  it('says which transports no device is told', () => {
    const { watched, omitted } = plan(rule('a', hosts('192.0.2.10'), ports('143/tcp', '36412/sctp')));
    expect(watched).toHaveLength(1);
    expect(omitted).toEqual(['Rule a: only TCP and UDP are written, not sctp.']);
  });
});
