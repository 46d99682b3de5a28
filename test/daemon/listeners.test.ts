import { describe, expect, it } from 'vitest';
import { type Config, configSchema } from '../../src/config/config.ts';
import { listenPlan } from '../../src/daemon/listeners.ts';
import type { InheritedSocket } from '../../src/receive/inherited.ts';

function config(settings: object = {}): Config {
  return { ...configSchema.parse(settings), rules: 'rules' };
}

/** Protocol, place and descriptor of everything that would be opened. */
function plan(settings: object, inherited: readonly InheritedSocket[] = []) {
  const { listeners, unused } = listenPlan(config(settings), inherited);
  const place = ({ protocol, port, path, fd }: (typeof listeners)[number]) =>
    `${protocol} ${fd === undefined ? (path ?? port) : `fd ${fd}`}`;
  return { opened: listeners.map(place), unused: unused.map(({ fd }) => fd) };
}

const TLS = { protocol: 'tls', cert: '/c.pem', key: '/k.pem' };

describe('listenPlan()', () => {
  it('opens what the configuration says: traps and every kind of listener', () => {
    const settings = {
      traps: [{ ports: [143, 139] }],
      listeners: [
        { protocol: 'udp' },
        TLS,
        { protocol: 'tail', path: '/var/log/a' },
        { protocol: 'unix', path: '/run/a', mode: '600' },
      ],
    };
    expect(plan(settings).opened).toEqual([
      'trap 143',
      'trap 139',
      'udp 5514',
      'tls 6514',
      'tail /var/log/a',
      'unix /run/a',
    ]);
    const options = listenPlan(config(settings)).listeners;
    expect(options.find(({ protocol }) => protocol === 'unix')).toMatchObject({ mode: 0o600 });
    expect(options.find(({ protocol }) => protocol === 'tail')).toMatchObject({
      stateDir: 'var',
      from: 'end',
    });
    expect(options.find(({ protocol }) => protocol === 'udp')).toMatchObject({ receiveBufferBytes: 8 << 20 });
  });

  it('inherited sockets take the place of listeners of their kind, whatever their port and order', () => {
    const sockets: InheritedSocket[] = [
      { fd: 3, name: 'unknown', kind: 'tcp', port: 514 },
      { fd: 4, name: 'unknown', kind: 'udp', port: 514 },
    ];
    expect(plan({}, sockets)).toEqual({ opened: ['udp fd 4', 'tcp fd 3'], unused: [] });
    expect(plan({}, [sockets[1]!])).toEqual({ opened: ['udp fd 4', 'tcp 5514'], unused: [] });
  });

  it('the name chooses between TCP and TLS, then the port, then the order', () => {
    const settings = { listeners: [{ protocol: 'tcp', port: 601 }, TLS] };
    const named: InheritedSocket = { fd: 3, name: 'tls', kind: 'tcp', port: 9_999 };
    const ported: InheritedSocket = { fd: 3, name: 'unknown', kind: 'tcp', port: 6_514 };
    const neither: InheritedSocket = { fd: 4, name: 'unknown', kind: 'tcp', port: 1 };
    expect(plan(settings, [named]).opened).toEqual(['tcp 601', 'tls fd 3']);
    expect(plan(settings, [neither, ported]).opened).toEqual(['tcp fd 4', 'tls fd 3']);
    expect(plan(settings, [neither]).opened).toEqual(['tcp fd 4', 'tls 6514']);
  });

  it('where the system does not say what a socket is, its name does', () => {
    expect(plan({}, [{ fd: 3, name: 'udp' }])).toEqual({ opened: ['udp fd 3', 'tcp 5514'], unused: [] });
    expect(plan({}, [{ fd: 3, name: 'unknown' }])).toEqual({ opened: ['udp 5514', 'tcp 5514'], unused: [3] });
  });

  it('a socket that no listener can use is named, and nothing else changes', () => {
    const extra: InheritedSocket = { fd: 3, name: 'unknown', kind: 'unix' };
    expect(plan({}, [extra])).toEqual({ opened: ['udp 5514', 'tcp 5514'], unused: [3] });
    const two: InheritedSocket[] = [3, 4].map((fd) => ({ fd, name: 'unknown', kind: 'udp', port: fd }));
    expect(plan({ listeners: [{ protocol: 'udp' }] }, two)).toEqual({ opened: ['udp fd 3'], unused: [4] });
  });
});
