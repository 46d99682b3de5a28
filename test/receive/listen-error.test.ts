import { expect, it } from 'vitest';
import {
  isIpv6Missing,
  ListenError,
  placeName,
  START_DEADLINE_MS,
  toListenError,
  withinStartDeadline,
} from '../../src/receive/listen-error.ts';

const udp = { protocol: 'udp', host: '0.0.0.0', port: 514 };

it.each([
  ['EADDRINUSE', 'udp 0.0.0.0:514 is taken by another program: stop it or choose another port in listeners'],
  [
    'EACCES',
    'udp 0.0.0.0:514 needs privilege: use port 5514, grant CAP_NET_BIND_SERVICE, or use systemd socket activation',
  ],
  [
    'EADDRNOTAVAIL',
    'udp 0.0.0.0:514: this machine has no such address: use one of its own, or 0.0.0.0 for all',
  ],
  ['EAFNOSUPPORT', 'udp 0.0.0.0:514: this machine has no IPv6: use an IPv4 address in listeners'],
  ['EINVAL', 'udp 0.0.0.0:514 cannot be listened on (EINVAL): check host and port in listeners'],
  ['EMFILE', 'udp 0.0.0.0:514: no file descriptors left: raise LimitNOFILE'],
  ['EWEIRD', 'udp 0.0.0.0:514 cannot be listened on: the words of the system'],
])('ListenError for %s says what to do', (code, message) => {
  const error = new ListenError(udp, code, 'the words of the system');
  expect(error.message).toBe(message);
  expect(error.code).toBe(code);
});

it('ListenError for a descriptor names the unit file', () => {
  expect(new ListenError({ ...udp, fd: 3 }, 'EBADF').message).toBe(
    'udp fd 3 is not an inherited udp socket (EBADF): check the .socket unit and fd in listeners',
  );
});

it.each([
  [{ protocol: 'tcp', host: '::', port: 5514 }, 'tcp [::]:5514'],
  [{ protocol: 'udp', host: '*', port: 5514 }, 'udp *:5514'],
  [{ protocol: 'udp', host: '192.0.2.1', port: 0, fd: 4 }, 'udp fd 4'],
])('placeName() of %j is %s', (place, name) => {
  expect(placeName(place)).toBe(name);
});

it('toListenError() keeps a ListenError, and makes one of anything', () => {
  const error = new ListenError(udp, 'EADDRINUSE');
  expect(toListenError(udp, error)).toBe(error);
  expect(toListenError(udp, Object.assign(new Error('x'), { code: 'EACCES' })).code).toBe('EACCES');
  expect(toListenError(udp, new Error('odd')).message).toBe('udp 0.0.0.0:514 cannot be listened on: odd');
  expect(toListenError(udp, 'a string').message).toBe('udp 0.0.0.0:514 cannot be listened on: a string');
});

it('isIpv6Missing() holds for a missing family or address only', () => {
  const of = (code: string) => isIpv6Missing(new ListenError(udp, code));
  expect([of('EAFNOSUPPORT'), of('EADDRNOTAVAIL'), of('EADDRINUSE'), isIpv6Missing(new Error())]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it('withinStartDeadline() rejects what never settles', async () => {
  const before = performance.now();
  await expect(withinStartDeadline(udp, new Promise(() => {}))).rejects.toThrow('did not start within 2 s');
  expect(performance.now() - before).toBeGreaterThanOrEqual(START_DEADLINE_MS - 10);
});

it('withinStartDeadline() passes the outcome on', async () => {
  await expect(withinStartDeadline(udp, Promise.resolve(7))).resolves.toBe(7);
  await expect(withinStartDeadline(udp, Promise.reject(new Error('no')))).rejects.toThrow('no');
});
