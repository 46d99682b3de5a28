import { afterEach, describe, expect, it } from 'vitest';
import { createReceivers, type ListenerOptions } from '../../src/receive/index.ts';
import type { Receiver } from '../../src/receive/receiver.ts';
import { hasIpv6 } from '../support/net-ipv6.ts';
import { newCatch, tcpClient, udpSender, until } from '../support/net-sockets.ts';

let receivers: Receiver[] = [];
afterEach(async () => {
  await Promise.all(receivers.map((receiver) => receiver.stop()));
  receivers = [];
});

describe('createReceivers()', () => {
  it.each([
    [
      { protocol: 'udp', host: 'localhost', port: 5514 },
      'listener udp localhost:5514: host "localhost" is not an address',
    ],
    [{ protocol: 'udp', host: '', port: 5514 }, 'host "" is not an address'],
    [{ protocol: 'tcp', host: '*', port: 65_536 }, 'port 65536 is not 0 to 65535'],
    [{ protocol: 'tcp', host: '*', port: -1 }, 'port -1 is not 0 to 65535'],
    [{ protocol: 'tcp', host: '*', port: 1.5 }, 'port 1.5 is not 0 to 65535'],
    [{ protocol: 'sctp', host: '*', port: 5514 }, 'protocol "sctp" is not udp, tcp or trap'],
    [{ protocol: 'udp', host: '*', port: 0, allowedSenders: ['fw1'] }, '"fw1" is not an address or network'],
    [
      { protocol: 'tcp', host: '::1', port: 0, allowedSenders: ['fw1'] },
      'listener tcp [::1]:0: "fw1" is not',
    ],
    [{ protocol: 'tcp', host: '*', port: 0, maxBytes: 10 }, 'maxBytes is 10'],
    [{ protocol: 'udp', host: '*', port: 0, maxBytes: 10 }, 'maxBytes is 10'],
  ])('refuses %j', (listener, message) => {
    expect(() =>
      createReceivers(
        [listener as ListenerOptions],
        () => {},
        () => {},
      ),
    ).toThrow(message);
  });

  it('names them as people read them', () => {
    const listeners: ListenerOptions[] = [
      { protocol: 'udp', host: '*', port: 5514 },
      { protocol: 'udp', host: '127.0.0.1', port: 5514 },
      { protocol: 'udp', host: '::1', port: 5514 },
      { protocol: 'tcp', host: '::', port: 5514 },
      { protocol: 'udp', host: '', port: 0, fd: 3 },
    ];
    expect(
      createReceivers(
        listeners,
        () => {},
        () => {},
      ).map((receiver) => receiver.name),
    ).toEqual(['udp *:5514', 'udp 127.0.0.1:5514', 'udp [::1]:5514', 'tcp [::]:5514', 'udp fd 3']);
  });

  it.runIf(hasIpv6())('all interfaces: UDP and TCP, IPv4 and IPv6', async () => {
    const caught = newCatch();
    receivers = createReceivers(
      [
        { protocol: 'udp', host: '*', port: 0 },
        { protocol: 'tcp', host: '*', port: 0 },
      ],
      caught.sink,
      caught.onEvent,
    );
    await Promise.all(receivers.map((receiver) => receiver.start()));
    const [udp, tcp] = receivers.map((receiver) => receiver.address!.port);
    for (const host of ['127.0.0.1', '::1']) {
      const sender = await udpSender(host);
      await sender.send(Buffer.from('<4>x'), udp!);
      sender.close();
      (await tcpClient(tcp!, host)).end('<4>x\n');
    }
    expect(await until(() => caught.frames.length === 4)).toBe(true);
    const seen = caught.frames.map((frame) => `${frame.transport} ${frame.peer.address}`).sort();
    expect(seen).toEqual(['tcp 127.0.0.1', 'tcp ::1', 'udp 127.0.0.1', 'udp ::1']);
    expect(receivers.map((receiver) => receiver.stats().frames)).toEqual([2, 2]);
  });
});
