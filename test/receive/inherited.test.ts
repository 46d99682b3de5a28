import { expect, it } from 'vitest';
import { inheritedSockets } from '../../src/receive/inherited.ts';

it.each([
  ['nothing is set', {}],
  ['they are meant for another process', { LISTEN_PID: '8', LISTEN_FDS: '1' }],
  ['LISTEN_PID is missing', { LISTEN_FDS: '1' }],
  ['LISTEN_FDS is missing', { LISTEN_PID: '7' }],
  ['LISTEN_FDS is no number', { LISTEN_PID: '7', LISTEN_FDS: '1e3' }],
  ['LISTEN_FDS is negative', { LISTEN_PID: '7', LISTEN_FDS: '-1' }],
  ['LISTEN_FDS is 0', { LISTEN_PID: '7', LISTEN_FDS: '0' }],
])('inheritedSockets() is empty when %s', (_, env) => {
  expect(inheritedSockets(env, 7)).toEqual([]);
});

it('inheritedSockets() counts descriptors from 3 and gives their names', () => {
  const env = { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'syslog-udp:syslog-tcp' };
  expect(inheritedSockets(env, 7).map(({ fd, name }) => ({ fd, name }))).toEqual([
    { fd: 3, name: 'syslog-udp' },
    { fd: 4, name: 'syslog-tcp' },
    { fd: 5, name: 'unknown' },
  ]);
});

it('inheritedSockets() is bounded', () => {
  expect(inheritedSockets({ LISTEN_PID: '7', LISTEN_FDS: '9999' }, 7)).toHaveLength(256);
});
