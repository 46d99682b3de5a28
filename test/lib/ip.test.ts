import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalIp,
  classifyIp,
  formatIpv4,
  ipv6Halves,
  networkTest,
  parseIpv4,
  parseNetwork,
} from '../../src/lib/ip.ts';

describe('parseIpv4() refuses', () => {
  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.256',
    '010.0.0.1',
    '1.02.3.4',
    '0x7f.1',
    '2130706433',
    '1.2.3.4/32',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '-1.2.3.4',
  ])('%j', (text) => {
    expect(parseIpv4(text)).toBe(-1);
  });
});

describe('parseIpv4()', () => {
  it('and formatIpv4() are each other backwards', () => {
    fc.assert(fc.property(fc.nat(0xffff_ffff), (value) => parseIpv4(formatIpv4(value)) === value));
  });
});

describe('canonicalIp()', () => {
  it.each([
    ['192.0.2.10', '192.0.2.10'],
    ['::ffff:192.0.2.10', '192.0.2.10'],
    ['::FFFF:C000:20A', '192.0.2.10'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
  ])('%s is %s', (text, wanted) => {
    expect(canonicalIp(text)).toBe(wanted);
  });

  it.each([
    '',
    'gw1',
    '1.2.3',
    '2001:db8::g',
    ':::',
    '2001:db8::1::2',
    `${'1'.repeat(70)}::`,
    'host:80',
    '12:30:45',
  ])('%j is none', (text) => {
    expect(canonicalIp(text)).toBeUndefined();
  });
});

describe('ipv6Halves()', () => {
  it('splits in two', () => {
    expect(ipv6Halves('2001:db8::1')).toEqual([0x20010db800000000n, 1n]);
  });

  it('throws for other text', () => {
    expect(() => ipv6Halves('192.0.2.1')).toThrow(RangeError);
  });
});

describe('classifyIp()', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['10.1.2.3', 'private'],
    ['100.64.0.1', 'private'],
    ['127.0.0.1', 'loopback'],
    ['169.254.1.1', 'link-local'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['0.0.0.0', 'unspecified'],
    ['192.0.2.1', 'documentation'],
    ['203.0.113.9', 'documentation'],
    ['2001:db8::1', 'documentation'],
    ['::1', 'loopback'],
    ['fe80::1', 'link-local'],
    ['fc00::1', 'private'],
    ['ff02::1', 'multicast'],
    ['2606:4700::1', 'public'],
    ['240.0.0.1', 'reserved'],
  ])('%s is %s', (ip, wanted) => {
    expect(classifyIp(ip)).toBe(wanted);
  });
});

describe('parseNetwork()', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7', 32],
    ['192.0.2.77/24', '192.0.2.77', 24],
    ['0.0.0.0/0', '0.0.0.0', 0],
    ['2001:DB8::', '2001:db8::', 128],
    ['2001:db8::/32', '2001:db8::', 32],
    ['::ffff:192.0.2.7', '192.0.2.7', 32],
    ['::ffff:c000:200/120', '192.0.2.0', 24],
    ['::ffff:0:0/96', '0.0.0.0', 0],
  ])('reads %s', (text, address, prefix) => {
    expect(parseNetwork(text)).toEqual({ address, prefix });
  });

  it.each([
    '',
    'gw1',
    '192.0.2.0/33',
    '192.0.2.0/-1',
    '192.0.2.0/08',
    '192.0.2.0/',
    '192.0.2.0/24/8',
    '192.0.2.0/24 ',
    '2001:db8::/129',
    '::ffff:192.0.2.0/95',
    'fe80::1%eth0/64',
  ])('refuses %j', (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });
});

describe('networkTest()', () => {
  const isOurs = networkTest(['192.0.2.0/24', '198.51.100.7', '2001:db8::/32']);

  it.each(['192.0.2.0', '192.0.2.255', '198.51.100.7', '2001:db8:ffff::1'])('%s is in', (ip) => {
    expect(isOurs(ip)).toBe(true);
  });

  it.each(['192.0.3.0', '198.51.100.8', '2001:db9::1', '::1'])('%s is not', (ip) => {
    expect(isOurs(ip)).toBe(false);
  });

  it('of nothing holds nothing', () => {
    expect(networkTest([])('192.0.2.1')).toBe(false);
  });

  it.each(['gw1/24', '192.0.2.0/33', '192.0.2.0/99', '2001:db8::/129'])('throws for %s', (text) => {
    expect(() => networkTest(['198.51.100.7', text])).toThrow(`not a network: ${text}`);
  });

  it('holds the members of an IPv4 network that is written as mapped IPv6', () => {
    const isIn = networkTest(['::ffff:192.0.2.0/120']);
    expect(['192.0.2.9', '192.0.3.9', '2001:db8::9'].map(isIn)).toEqual([true, false, false]);
  });
});
