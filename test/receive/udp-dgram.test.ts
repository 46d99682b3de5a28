import { describe, expect, it } from 'vitest';
import { supportsReusePort, UdpDgram } from '../../src/receive/udp-dgram.ts';
import { hasIpv6 } from '../support/net-ipv6.ts';
import { newCatch, udpSender, until } from '../support/net-sockets.ts';
import { describeUdpReceiver } from './udp.conformance.ts';

describeUdpReceiver('UdpDgram over IPv4', '127.0.0.1', (...args) => new UdpDgram(...args));

describe.runIf(hasIpv6())('with IPv6', () => {
  describeUdpReceiver('UdpDgram over IPv6', '::1', (...args) => new UdpDgram(...args));

  it('an IPv6 socket leaves the IPv4 port alone', async () => {
    const caught = newCatch();
    const four = new UdpDgram({ host: '0.0.0.0', port: 0 }, caught.sink, caught.onEvent);
    await four.start();
    const six = new UdpDgram({ host: '::', port: four.address!.port }, caught.sink, caught.onEvent);
    await six.start();
    const sender = await udpSender('127.0.0.1');
    await sender.send(Buffer.from('<4>over IPv4'), four.address!.port);
    expect(await until(() => four.stats().frames === 1)).toBe(true);
    expect(six.stats().frames).toBe(0);
    sender.close();
    await Promise.all([four.stop(), six.stop()]);
  });
});

describe('reusePort', () => {
  it.each([
    ['20.20.2', 'linux', false],
    ['22.11.0', 'linux', false],
    ['22.12.0', 'linux', true],
    ['24.0.0', 'freebsd', true],
    ['24.0.0', 'darwin', false],
    ['24.0.0', 'win32', false],
  ] as const)('supportsReusePort() on Node %s, %s: %s', (version, platform, answer) => {
    expect(supportsReusePort(version, platform)).toBe(answer);
  });

  it.runIf(!supportsReusePort())('is refused where the runtime would ignore it', () => {
    expect(
      () =>
        new UdpDgram(
          { host: '127.0.0.1', port: 0, reusePort: true },
          () => {},
          () => {},
        ),
    ).toThrow('reusePort needs Node 22.12');
  });

  it.runIf(supportsReusePort())('lets two receivers share a port', async () => {
    const caught = newCatch();
    const options = { host: '127.0.0.1', reusePort: true };
    const first = new UdpDgram({ ...options, port: 0 }, caught.sink, caught.onEvent);
    await first.start();
    const second = new UdpDgram({ ...options, port: first.address!.port }, caught.sink, caught.onEvent);
    await second.start();
    const senders = await Promise.all(Array.from({ length: 16 }, () => udpSender('127.0.0.1')));
    for (const sender of senders) await sender.send(Buffer.from('<4>x'), first.address!.port);
    expect(await until(() => caught.frames.length === senders.length)).toBe(true);
    for (const sender of senders) sender.close();
    await Promise.all([first.stop(), second.stop()]);
  });
});
