import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { canonicalIp } from '../../src/lib/ip.ts';
import { HostIndex } from '../../src/match/host-index.ts';

function indexOf(...keys: string[]): HostIndex<string> {
  const index = new HostIndex<string>();
  for (const key of keys) index.set(key, key);
  return index;
}

describe('HostIndex', () => {
  const index = indexOf(
    '192.0.2.10',
    '192.0.2.0/24',
    '192.0.0.0/16',
    '0.0.0.0/0',
    '2001:db8::53',
    '2001:db8::/32',
    '2001:db8::/64',
    '::/0',
  );

  it.each([
    ['192.0.2.10', ['192.0.2.10', '192.0.2.0/24', '192.0.0.0/16', '0.0.0.0/0']],
    ['192.0.2.255', ['192.0.2.0/24', '192.0.0.0/16', '0.0.0.0/0']],
    ['192.0.3.0', ['192.0.0.0/16', '0.0.0.0/0']],
    ['255.255.255.255', ['0.0.0.0/0']],
    ['2001:db8::53', ['2001:db8::53', '2001:db8::/64', '2001:db8::/32', '::/0']],
    ['2001:db8:0:1::', ['2001:db8::/32', '::/0']],
    ['::1', ['::/0']],
    ['gw1', []],
    ['', []],
  ])('find() gives what %s falls under, most specific first', (ip, expected) => {
    expect(index.find(ip)).toEqual(expected);
  });

  it('find() tells families apart', () => {
    expect(indexOf('0.0.0.0/0').find('::1')).toEqual([]);
    expect(indexOf('::/0').find('192.0.2.1')).toEqual([]);
  });

  it('find() throws for no text without networks of its family, whatever it looks like', () => {
    for (const odd of ['a:b', ':::', '1.2.3', '999.1.1.1', '/24'])
      expect(indexOf('192.0.2.0/24').find(odd)).toEqual([]);
  });

  it('find() agrees with ipaddr.js', () => {
    const bytes = (n: number) =>
      fc.uint8Array({ minLength: n, maxLength: n }).map((raw) => ipaddr.fromByteArray([...raw]));
    const near = fc.oneof(bytes(4), bytes(16));
    fc.assert(
      fc.property(near, fc.nat(128), fc.nat(127), (address, prefix, flipped) => {
        const size = address.toByteArray().length * 8;
        const length = prefix % (size + 1);
        const text = canonicalIp(address.toString())!;
        if (size === 128 && !text.includes(':')) return;
        const base = (size === 32 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(`${address}/${length}`);
        const network = `${canonicalIp(base.toString())}/${length}`;
        if (size === 128 && !network.includes(':')) return;
        const other = address.toByteArray();
        const bit = flipped % size;
        other[bit >> 3]! ^= 128 >> (bit & 7);
        const otherAddress = ipaddr.fromByteArray(other);
        const otherText = canonicalIp(otherAddress.toString())!;
        if (size === 128 && !otherText.includes(':')) return;
        expect(indexOf(network).find(text)).toEqual([network]);
        expect(indexOf(network).find(otherText)).toEqual(bit < length ? [] : [network]);
      }),
    );
  });
});
