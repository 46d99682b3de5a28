import { describe, expect, it } from 'vitest';
import { type HostNames, touchedHosts } from '../../src/match/touched-hosts.ts';
import type { Attempt } from '../../src/types.ts';
import { attempt } from '../support/rule-sets.ts';

const names: HostNames = {
  nameOf: (ip) => ({ '192.0.2.10': 'Lisa', '192.0.2.53': 'ns1', '2001:db8::53': 'ns1' })[ip],
  addressesOf: (name) =>
    ({ lisa: ['192.0.2.10'], ns1: ['192.0.2.53', '2001:db8::53'] })[name.toLowerCase()] ?? [],
};

const login = (more: Partial<Attempt>) =>
  touchedHosts(attempt({ kind: 'login', action: 'failed', destination: {}, ...more }), names);

describe('touchedHosts() gives', () => {
  it('the destination, and nobody else, where the line has one', () => {
    expect(
      login({ destination: { ip: '192.0.2.10' }, observer: { hostname: 'ns1', address: '192.0.2.1' } }),
    ).toEqual([{ ip: '192.0.2.10', name: 'Lisa' }]);
    expect(login({ destination: { ip: '192.0.2.99', name: 'lisa' } })).toEqual([{ ip: '192.0.2.99' }]);
  });

  it('the observer by its configured name first: its address may be a relay', () => {
    expect(login({ observer: { hostname: 'LISA', address: '192.0.2.1' } })).toEqual([
      { ip: '192.0.2.10', name: 'Lisa' },
      { ip: '192.0.2.1' },
    ]);
  });

  it('every address of a name, each once', () => {
    expect(login({ observer: { hostname: 'ns1', address: '192.0.2.53' } }).map(({ ip }) => ip)).toEqual([
      '192.0.2.53',
      '2001:db8::53',
    ]);
  });

  it('the address the line came from, in canonical text', () => {
    expect(login({ observer: { hostname: 'who', address: '::ffff:192.0.2.10' } })).toEqual([
      { ip: '192.0.2.10', name: 'Lisa' },
    ]);
  });

  it.each([
    ['192.0.2.99', '192.0.2.99'],
    ['::ffff:192.0.2.99', '192.0.2.99'],
    ['2001:DB8:0::99', '2001:db8::99'],
    ['[2001:db8::99]', '2001:db8::99'],
  ])('the observer by the address %s it states, not the relay the line came from', (hostname, ip) => {
    for (const address of ['192.0.2.1', '/var/log/auth.log'])
      expect(login({ observer: { hostname, address } })).toEqual([{ ip }]);
  });

  it('the name of a stated address', () => {
    expect(login({ observer: { hostname: '192.0.2.10', address: '192.0.2.1' } })).toEqual([
      { ip: '192.0.2.10', name: 'Lisa' },
    ]);
  });

  it.each([
    '127.0.0.1',
    '[::1]',
    '0.0.0.0',
    '::',
    'fe80::1%em0',
    '255.255.255.255',
    '224.0.0.1',
    '192.0.2.999',
  ])('the address the line came from where it states %s, which means no host', (hostname) => {
    expect(login({ observer: { hostname, address: '192.0.2.1' } })).toEqual([{ ip: '192.0.2.1' }]);
  });

  it('the address the line came from where the stated one is the source: a text that begins with the stranger', () => {
    expect(login({ observer: { hostname: '198.51.100.7', address: '192.0.2.1' } })).toEqual([
      { ip: '192.0.2.1' },
    ]);
  });

  it('a destination named in the line, not the device that logged it', () => {
    expect(
      login({ destination: { name: 'ns1' }, observer: { hostname: 'lisa', address: '192.0.2.1' } }).map(
        ({ ip }) => ip,
      ),
    ).toEqual(['192.0.2.53', '2001:db8::53']);
    expect(
      login({
        destination: { name: 'Elsewhere.example' },
        observer: { hostname: 'lisa', address: '192.0.2.1' },
      }),
    ).toEqual([{ ip: 'elsewhere.example', name: 'Elsewhere.example' }]);
  });

  it('a name in place of an address for a replayed file', () => {
    expect(login({ observer: { hostname: 'Web1', address: '/var/log/auth.log' } })).toEqual([
      { ip: 'web1', name: 'Web1' },
    ]);
    expect(login({ observer: { address: 'auth.log' } })).toEqual([{ ip: 'auth.log', name: 'auth.log' }]);
  });

  it('no more of a name than DNS allows', () => {
    expect(login({ observer: { hostname: 'x'.repeat(60_000), address: 'auth.log' } })[0]?.ip).toHaveLength(
      253,
    );
  });
});
