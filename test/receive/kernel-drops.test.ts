import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { describe, expect, it } from 'vitest';
import { KernelDrops, parseUdpTable } from '../../src/receive/kernel-drops.ts';

const HEADER =
  '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             ';

describe.runIf(endianness() === 'LE')('parseUdpTable()', () => {
  it('reads address, port, inode and drops of /proc/net/udp', () => {
    const row =
      ' 8217: 0100007F:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 8607 2 00000000331661c3 4834       ';
    expect(parseUdpTable(`${HEADER}\n${row}\n`)).toEqual([
      { host: '127.0.0.1', port: 5514, inode: 8607, drops: 4834 },
    ]);
  });

  it('reads /proc/net/udp6', () => {
    const row = (address: string) =>
      `  312: ${address}:158A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 99 2 0000000000000000 7`;
    const text = [
      HEADER,
      row('00000000000000000000000000000000'),
      row('B80D0120000000000000000001000000'),
    ].join('\n');
    expect(parseUdpTable(text).map((entry) => entry.host)).toEqual(['::', '2001:db8::1']);
  });

  it.each([
    '',
    'rubbish',
    HEADER,
    `${HEADER}\n`,
    `${HEADER}\n  1: zz:158A`,
    `${HEADER}\n 1: 0100007F:158A 0 0 0`,
  ])('gives nothing for %j', (text) => {
    expect(parseUdpTable(text)).toEqual([]);
  });
});

it('read() is undefined where no such socket is', () => {
  expect(new KernelDrops('192.0.2.1', 9).read()).toBeUndefined();
});

it.runIf(existsSync('/proc/net/udp'))('read() keeps its last answer once the socket is closed', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const drops = new KernelDrops('127.0.0.1', socket.address().port);
  expect(drops.read()).toBe(0);
  await new Promise<void>((resolve) => socket.close(resolve));
  expect(drops.read()).toBe(0);
});

it.runIf(existsSync('/proc/net/udp'))('read() counts one socket of several that share the port', async () => {
  const options = { type: 'udp4', reuseAddr: true } as const;
  const first = createSocket(options).bind(0, '127.0.0.1');
  await once(first, 'listening');
  const { port } = first.address();
  const drops = new KernelDrops('127.0.0.1', port);
  expect(drops.read()).toBe(0);
  // The later one gets the datagrams, and its drops are not the first one's.
  const second = createSocket(options).bind(port, '127.0.0.1');
  await once(second, 'listening');
  second.setRecvBufferSize(4_096);
  const sender = createSocket('udp4');
  for (let i = 0; i < 100; i++) {
    await new Promise<void>((resolve) => {
      sender.send(Buffer.alloc(8_000), port, '127.0.0.1', () => resolve());
    });
  }
  const table = parseUdpTable(readFileSync('/proc/net/udp', 'latin1'));
  expect(table.filter((row) => row.port === port)).toHaveLength(2);
  expect(drops.read()).toBe(0);
  for (const socket of [first, second, sender]) socket.close();
});
