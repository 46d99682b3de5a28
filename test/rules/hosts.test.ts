import { describe, expect, it } from 'vitest';
import { Inventory, parseHosts } from '../../src/rules/hosts.ts';

function inventory(hosts: Record<string, string>): Inventory {
  const all = new Inventory();
  for (const [name, text] of Object.entries(hosts)) {
    const result = parseHosts(text);
    if (!result.ok) throw new Error(result.message);
    all.define(name, result.hosts);
  }
  return all;
}

const site = inventory({
  lisa: '192.0.2.10',
  ns1: '192.0.2.53',
  ns2: '2001:db8::53',
  'dmz-web': '198.51.100.0/28',
});

/** What a reference resolves to, as one list, or the message. */
function resolved(ref: string, from = site): string | string[] {
  const result = from.resolve(ref);
  if (!result.ok) return result.message;
  return result.hosts.any ? 'any' : [...result.hosts.addresses, ...result.hosts.networks];
}

describe('parseHosts() refuses', () => {
  it.each([
    ['192.0.2.256', 'is not an IP address'],
    ['192.0.2', 'is not an IP address'],
    ['192.0.2.010', 'leading zero'],
    ['192.0.2.0/33', 'the prefix length is between 0 and 32'],
    ['192.0.2.0/', 'the prefix length is between 0 and 32'],
    ['192.0.2.0/-1', 'the prefix length'],
    ['192.0.2.0/24/8', 'is not a network'],
    ['192.0.2.0/255.255.255.0', 'is written with a mask - did you mean `192.0.2.0/24`?'],
    ['192.0.2.0/255.255.255.240', 'did you mean `192.0.2.0/28`?'],
    ['0.0.0.0/0.0.0.0', 'did you mean `0.0.0.0/0`?'],
    ['192.0.2.0/255.0.255.0', 'the prefix length is between 0 and 32'],
    ['192.0.2.9/24', 'has host bits set - did you mean `192.0.2.0/24`?'],
    ['2001:db8::1/32', 'has host bits set - did you mean `2001:db8::/32`?'],
    ['2001:db8::/129', 'the prefix length is between 0 and 128'],
    ['2001:db8::g', 'is not an IP address'],
    ['fe80::1%eth0', 'is not an IP address'],
    ['::ffff:0:0/64', 'has host bits set - did you mean `::/64`?'],
    ['192.0.2.1-192.0.2.9', 'is a range of addresses'],
    ['lisa/24', 'its address cannot be read'],
    ['', 'is not an IP address'],
  ])('%j', (text, message) => {
    expect(parseHosts(text)).toEqual({ ok: false, message: expect.stringContaining(message) });
  });
});

describe('parseHosts() reads', () => {
  it.each([
    ['192.0.2.10', ['192.0.2.10'], []],
    ['2001:DB8:0:0::53', ['2001:db8::53'], []],
    ['::ffff:192.0.2.10', ['192.0.2.10'], []],
    ['192.0.2.0/24', [], ['192.0.2.0/24']],
    ['0.0.0.0/0', [], ['0.0.0.0/0']],
    ['192.0.2.10/32', ['192.0.2.10'], []],
    ['2001:db8::/32', [], ['2001:db8::/32']],
    ['2001:db8::1/128', ['2001:db8::1'], []],
    ['::/0', [], ['::/0']],
    ['::ffff:192.0.2.0/120', [], ['192.0.2.0/24']],
  ])('%s', (text, addresses, networks) => {
    expect(parseHosts(text)).toEqual({ ok: true, hosts: { any: false, addresses, networks } });
  });
});

describe('Inventory', () => {
  it.each<[string, string | string[]]>([
    ['any', 'any'],
    ['ANY', 'any'],
    ['lisa', ['192.0.2.10']],
    ['LISA', ['192.0.2.10']],
    ['ns*', ['192.0.2.53', '2001:db8::53']],
    ['NS[12]', ['192.0.2.53', '2001:db8::53']],
    ['?isa', ['192.0.2.10']],
    ['*', ['192.0.2.10', '192.0.2.53', '2001:db8::53', '198.51.100.0/28']],
    ['dmz-web', ['198.51.100.0/28']],
    ['203.0.113.0/24', ['203.0.113.0/24']],
    ['2001:db8::7', ['2001:db8::7']],
  ])('resolve() reads %s', (ref, expected) => {
    expect(resolved(ref)).toEqual(expected);
  });

  it.each([
    ['liza', 'unknown host `liza` - did you mean `lisa`?'],
    ['mail', 'unknown host `mail`'],
    ['sn*', '`sn*`: matches no named host'],
    ['dmz-wep*', '`dmz-wep*`: matches no named host - did you mean `dmz-web`?'],
    ['*a*b*c*d', '`*a*b*c*d`: at most 3 stars'],
    ['**a**', '`**a**`: at most 3 stars'],
    ['{1..9999999}', '`{1..9999999}`: a glob has'],
    ['(a+)+*', '`(a+)+*`: a glob has'],
    ['!lisa', '`!lisa`: a glob has'],
    ['+(a)', '`+(a)`: a glob has'],
    [`*${'a'.repeat(253)}`, 'longer than 253 characters'],
    ['192.0.2.300', '`192.0.2.300` is not an IP address'],
    ['10.0.0.0/8/8', '`10.0.0.0/8/8` is not a network'],
  ])('resolve() refuses %s', (ref, message) => {
    expect(resolved(ref)).toContain(message);
  });

  it('resolve() says so when nothing is named at all', () => {
    expect(resolved('lisa', new Inventory())).toBe(
      'unknown host `lisa`: no hosts are named, add them under `hosts:`',
    );
  });

  it('a dot in a name is a dot in a glob', () => {
    expect(
      resolved('www*', inventory({ 'www.example.net': '192.0.2.1', wwwxexample: '192.0.2.2' })),
    ).toHaveLength(2);
    expect(
      resolved('www.*', inventory({ 'www.example.net': '192.0.2.1', wwwxexample: '192.0.2.2' })),
    ).toEqual(['192.0.2.1']);
  });

  it('the worst glob allowed is quick on the longest names', () => {
    const long = inventory(
      Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`${'a'.repeat(245)}${i}`, '192.0.2.1'])),
    );
    const started = performance.now();
    expect(resolved('*a*a*ab', long)).toContain('matches no named host');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('displayNames() prefers the name with the fewest addresses', () => {
    const all = new Inventory();
    all.define('web-servers', { any: false, addresses: ['192.0.2.1', '192.0.2.2'], networks: [] });
    all.define('Lisa', { any: false, addresses: ['192.0.2.1'], networks: [] });
    expect([...all.displayNames()]).toEqual([
      ['192.0.2.1', 'Lisa'],
      ['192.0.2.2', 'web-servers'],
    ]);
  });
});
