import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { FrameSink, Receiver, ReceiverEventSink } from '../../src/receive/receiver.ts';
import { newCatch, udpSender, until } from '../support/net-sockets.ts';

/** What a UDP receiver must be able to be configured with. */
interface UdpOptionsUnderTest {
  readonly host: string;
  readonly port: number;
  readonly maxBytes?: number;
  readonly receiveBufferBytes?: number;
  readonly allowedSenders?: readonly string[];
}

type UdpReceiver = Receiver & { readonly receiveBufferBytes: number | undefined };
type CreateUdp = (options: UdpOptionsUnderTest, sink: FrameSink, onEvent: ReceiverEventSink) => UdpReceiver;

/** What every UDP receiver promises. `host` is the loopback address it listens on. */
export function describeUdpReceiver(name: string, host: string, create: CreateUdp): void {
  describe(name, () => {
    const cleanUp: (() => unknown)[] = [];
    afterEach(async () => {
      for (const undo of cleanUp.splice(0).reverse()) await undo();
    });

    async function listen(options: Partial<UdpOptionsUnderTest> = {}) {
      const caught = newCatch();
      const receiver = create({ host, port: 0, ...options }, caught.sink, caught.onEvent);
      cleanUp.push(() => receiver.stop());
      await receiver.start();
      const sender = await udpSender(host);
      cleanUp.push(() => sender.close());
      const port = receiver.address!.port;
      return { caught, receiver, port, sender, send: (bytes: Buffer) => sender.send(bytes, port) };
    }

    it('rejects within two seconds, and says what to do, when the port is taken', async () => {
      const squatter = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
      cleanUp.push(() => squatter.close());
      squatter.bind(0, host);
      await once(squatter, 'listening');
      const { port } = squatter.address();
      const caught = newCatch();
      const receiver = create({ host, port }, caught.sink, caught.onEvent);
      cleanUp.push(() => receiver.stop());
      const before = performance.now();
      await expect(receiver.start()).rejects.toThrow(
        `${receiver.name} is taken by another program: stop it or choose another port in listeners`,
      );
      expect(performance.now() - before).toBeLessThan(2_000);
      expect(receiver.address).toBeUndefined();
    });

    it('rejects an address this machine does not have', async () => {
      const foreign = isIPv6(host) ? '2001:db8::1' : '192.0.2.1';
      const receiver = create(
        { host: foreign, port: 0 },
        () => {},
        () => {},
      );
      await expect(receiver.start()).rejects.toThrow('this machine has no such address');
    });

    it('can be started after a failed start, once the port is free', async () => {
      const squatter = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
      squatter.bind(0, host);
      await once(squatter, 'listening');
      const receiver = create(
        { host, port: squatter.address().port },
        () => {},
        () => {},
      );
      cleanUp.push(() => receiver.stop());
      await expect(receiver.start()).rejects.toThrow();
      await new Promise<void>((resolve) => squatter.close(resolve));
      await receiver.start();
      expect(receiver.address).toBeDefined();
    });

    it('refuses a bad entry in the allowed senders before it listens', () => {
      expect(() =>
        create(
          { host, port: 0, allowedSenders: ['10.0.0.0/33'] },
          () => {},
          () => {},
        ),
      ).toThrow('"10.0.0.0/33" is not an address or network');
    });

    it('refuses to be started twice', async () => {
      const { receiver } = await listen();
      await expect(receiver.start()).rejects.toThrow('has been started already');
    });

    it('gives every octet, address and port as they came: invalid UTF-8, NUL, CR and LF too', async () => {
      const { caught, send, sender } = await listen();
      const octets = Buffer.from([...Array(256).keys()]);
      await send(octets);
      expect(await until(() => caught.frames.length === 1)).toBe(true);
      const frame = caught.frames[0]!;
      expect(frame.bytes.equals(octets)).toBe(true);
      expect(frame.peer).toEqual({ address: host, port: sender.port });
      expect(frame.transport).toBe('udp');
      expect(frame.truncated).toBeUndefined();
      expect(Math.abs(Date.now() - frame.receivedAtMs)).toBeLessThan(5_000);
    });

    it('two lines in one datagram are one frame', async () => {
      const { caught, send } = await listen();
      await send(Buffer.from('<4>first\n<4>forged second\n'));
      await send(Buffer.from('<4>next'));
      expect(await until(() => caught.frames.length >= 2)).toBe(true);
      expect(caught.texts()).toEqual(['<4>first\n<4>forged second\n', '<4>next']);
    });

    it('keeps the order of one sender', async () => {
      const { caught, send } = await listen();
      for (let i = 0; i < 500; i++) await send(Buffer.from(`<4>${i}`));
      expect(await until(() => caught.frames.length === 500)).toBe(true);
      expect(caught.texts()).toEqual(Array.from({ length: 500 }, (_, i) => `<4>${i}`));
    });

    it('counts an empty datagram and goes on', async () => {
      const { caught, receiver, send } = await listen();
      await send(Buffer.alloc(0));
      await send(Buffer.from('<4>good'));
      expect(await until(() => caught.frames.length === 1)).toBe(true);
      expect(caught.texts()).toEqual(['<4>good']);
      expect(receiver.stats().drops).toEqual(new Map([['empty', 1]]));
    });

    it.each([480, 1_180, 2_048, 8_192, 65_507])('takes a datagram of %i bytes whole', async (size) => {
      const { caught, send } = await listen();
      const datagram = Buffer.alloc(size, 'A');
      datagram.write(' DPT=143', size - 8);
      await send(datagram);
      expect(await until(() => caught.frames.length === 1)).toBe(true);
      expect(caught.frames[0]!.bytes.equals(datagram)).toBe(true);
      expect(caught.frames[0]!.truncated).toBeUndefined();
    });

    it('cuts and flags what is longer than maxBytes, and counts it', async () => {
      const { caught, receiver, send } = await listen({ maxBytes: 100 });
      await send(Buffer.from(`<4>${'A'.repeat(97)}`));
      await send(Buffer.from(`<4>${'A'.repeat(98)}`));
      expect(await until(() => caught.frames.length === 2)).toBe(true);
      expect(caught.frames.map((frame) => [frame.bytes.length, frame.truncated ?? false])).toEqual([
        [100, false],
        [100, true],
      ]);
      expect(receiver.stats().drops).toEqual(new Map([['frame-too-long', 1]]));
    });

    it('drops and counts senders that are not allowed', async () => {
      const { caught, receiver, send } = await listen({ allowedSenders: ['192.0.2.0/24', '2001:db8::/32'] });
      await send(Buffer.from('<4>stranger'));
      expect(await until(() => receiver.stats().drops.get('sender-not-allowed') === 1)).toBe(true);
      expect(caught.frames).toEqual([]);
    });

    it('hears senders that are allowed', async () => {
      const { caught, send } = await listen({ allowedSenders: [host] });
      await send(Buffer.from('<4>friend'));
      expect(await until(() => caught.frames.length === 1)).toBe(true);
    });

    it('raises the receive buffer and reads it back', async () => {
      const { receiver, caught } = await listen({ receiveBufferBytes: 300_000 });
      expect(receiver.receiveBufferBytes).toBeGreaterThanOrEqual(300_000);
      expect(caught.events).toEqual([]);
    });

    it('warns, naming the remedy, when the kernel grants less', async () => {
      const { receiver, caught } = await listen({ receiveBufferBytes: 1 << 30 });
      expect(receiver.receiveBufferBytes).toBeLessThan(1 << 30);
      expect(caught.events).toHaveLength(1);
      expect(caught.events[0]!.level).toBe('warn');
      expect(caught.events[0]!.message).toContain('sysctl -w net.core.rmem_max=1073741824');
    });

    it('loses nothing of 20,000 datagrams while it keeps up, and counts them', async () => {
      const { caught, receiver, send } = await listen();
      const total = 20_000;
      const window = 200;
      for (let sent = 0; sent < total; sent += window) {
        await Promise.all(Array.from({ length: window }, (_, i) => send(Buffer.from(`<4>line ${sent + i}`))));
        expect(await until(() => caught.frames.length >= sent - 2_000)).toBe(true);
      }
      await until(() => caught.frames.length === total);
      expect(caught.frames.length).toBe(total);
      const stats = receiver.stats();
      expect(stats.frames).toBe(total);
      expect(stats.bytes).toBe(caught.frames.reduce((sum, frame) => sum + frame.bytes.length, 0));
      expect(stats.drops).toEqual(new Map());
    });

    it('stop() is idempotent, and nothing is delivered after it', async () => {
      const { caught, receiver, send } = await listen();
      await send(Buffer.from('<4>before'));
      expect(await until(() => caught.frames.length === 1)).toBe(true);
      await Promise.all([receiver.stop(), receiver.stop()]);
      await receiver.stop();
      await send(Buffer.from('<4>after'));
      await sleep(50);
      expect(caught.texts()).toEqual(['<4>before']);
      expect(receiver.stats().frames).toBe(1);
    });

    it('stop() without start() is nothing', async () => {
      await create(
        { host, port: 0 },
        () => {},
        () => {},
      ).stop();
    });

    it('listens again after stop(), on a port that has been freed', async () => {
      const { caught, receiver, port } = await listen();
      await receiver.stop();
      const again = create({ host, port }, caught.sink, caught.onEvent);
      cleanUp.push(() => again.stop());
      await again.start();
      await again.stop();
      await receiver.start();
      const sender = await udpSender(host);
      cleanUp.push(() => sender.close());
      await sender.send(Buffer.from('<4>again'), receiver.address!.port);
      expect(await until(() => caught.frames.length === 1)).toBe(true);
    });

    it.runIf(existsSync('/proc/net/udp'))('counts what the kernel drops, also after stop()', async () => {
      const { caught, receiver, send } = await listen({ receiveBufferBytes: 4_096 });
      const burst = 2_000;
      // The sender holds this thread, and a flood of large datagrams outruns the smallest buffer in any thread.
      await Promise.all(Array.from({ length: burst }, () => send(Buffer.alloc(8_000, 'A'))));
      const lost = () => receiver.stats().drops.get('kernel-buffer-full') ?? 0;
      expect(await until(() => caught.frames.length + lost() === burst)).toBe(true);
      expect(lost()).toBeGreaterThan(0);
      const counted = lost();
      await receiver.stop();
      expect(lost()).toBe(counted);
    });
  });
}
