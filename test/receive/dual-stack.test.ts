import { expect, it } from 'vitest';
import { DualStack } from '../../src/receive/dual-stack.ts';
import { ListenError } from '../../src/receive/listen-error.ts';
import type { Receiver } from '../../src/receive/receiver.ts';
import { newCatch } from '../support/net-sockets.ts';

interface FakeReceiver extends Receiver {
  readonly calls: string[];
}

function fake(port: number, failure?: Error): FakeReceiver {
  const calls: string[] = [];
  return {
    calls,
    name: 'fake',
    address: { host: '0.0.0.0', port },
    start: async () => {
      calls.push('start');
      if (failure !== undefined) throw failure;
    },
    stop: async () => {
      calls.push('stop');
    },
    stats: () => ({ frames: 2, bytes: 10, drops: new Map([['empty', port]]) }),
  };
}

const place = { protocol: 'udp', host: '::', port: 7 };

it.each(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])(
  'goes on with IPv4, and says so, when IPv6 fails with %s',
  async (code) => {
    const caught = newCatch();
    const six = fake(7, new ListenError(place, code));
    const both = new DualStack('udp *:7', fake(7), () => six, caught.onEvent);
    await both.start();
    expect(caught.events).toMatchObject([
      { level: 'warn', message: 'udp *:7: this machine has no IPv6, listening on IPv4 only' },
    ]);
    await both.stop();
  },
);

it('does not start by half when the port is taken for IPv6', async () => {
  const four = fake(7);
  const both = new DualStack(
    'udp *:7',
    four,
    () => fake(7, new ListenError(place, 'EADDRINUSE')),
    () => {},
  );
  await expect(both.start()).rejects.toThrow('is taken by another program');
  expect(four.calls).toEqual(['start', 'stop']);
});

it('takes the same port for both, and adds their counts', async () => {
  let asked = 0;
  const both = new DualStack(
    'udp *:0',
    fake(4_001),
    (port) => {
      asked = port;
      return fake(port);
    },
    () => {},
  );
  await both.start();
  expect(asked).toBe(4_001);
  expect(both.address).toEqual({ host: '0.0.0.0', port: 4_001 });
  expect(both.stats()).toEqual({ frames: 4, bytes: 20, drops: new Map([['empty', 8_002]]) });
});

it('stop() before start() stops what there is', async () => {
  const four = fake(7);
  await new DualStack(
    'udp *:7',
    four,
    () => fake(7),
    () => {},
  ).stop();
  expect(four.calls).toEqual(['stop']);
});
