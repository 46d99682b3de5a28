import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/decode.ts';
import type { SyslogOptions } from '../../src/notify/options.ts';
import { SyslogChannel } from '../../src/notify/syslog.ts';
import { Deframer } from '../../src/receive/framing.ts';
import type { AlertIncident } from '../../src/types.ts';
import { alertAbout } from '../support/alert-with-incident.ts';
import { alert, T0 } from '../support/notify.ts';

const NEVER = new AbortController().signal;
const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

function channel(protocol: 'udp' | 'tcp', port: number, more: Partial<SyslogOptions> = {}): SyslogChannel {
  const options = {
    kind: 'syslog',
    name: 'siem',
    protocol,
    host: '127.0.0.1',
    port,
    hostName: 'mon1',
  } as const;
  return new SyslogChannel({ ...options, ...more }, () => T0);
}

async function tcpServer(onData: (chunk: Buffer) => void): Promise<number> {
  const server: Server = createServer((socket) => socket.on('data', onData)).listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('SyslogChannel', () => {
  it('sends one datagram that decodes to the incident', async () => {
    const socket = createSocket('udp4');
    open.push(socket);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    const received = once(socket, 'message');
    const result = await channel('udp', port).send(alertAbout(), NEVER);
    expect(result).toEqual({ ok: true, because: `sent to udp 127.0.0.1:${port}` });
    const [bytes] = (await received) as [Buffer];
    const message = decode(bytes, { referenceMs: T0, zone: 'UTC' });
    expect(message).toMatchObject({
      format: 'rfc5424',
      facility: 3,
      severity: 3,
      hostname: 'mon1',
      appName: 'knockwatch',
      msgId: 'first-sight',
      timestamp: { epochMs: T0 },
      message: '[knockwatch] Probe: 198.51.100.7 tried imap on 3 of 3 watched hosts in 9 s',
    });
    expect(Object.fromEntries(message.structuredData!.get('knockwatch@32473')!)).toMatchObject({
      alert: 'k7f2.first',
      incident: 'k7f2',
      rule: 'classic-probe',
      kind: 'address-scan',
      severity: 'high',
      sources: '198.51.100.7',
      hosts: '192.0.2.10,192.0.2.53,203.0.113.3',
      ports: '143',
      count: '3',
      first: '2026-01-24T17:47:46.000Z',
    });
  });

  it('sends one counted frame over TCP', async () => {
    const frames: Buffer[] = [];
    const deframer = new Deframer(65_536, () => {});
    const port = await tcpServer((chunk) => deframer.push(chunk, (frame) => frames.push(Buffer.from(frame))));
    const result = await channel('tcp', port, { facility: 'local4' }).send(alertAbout(), NEVER);
    expect(result).toEqual({ ok: true, because: `sent to tcp 127.0.0.1:${port}` });
    expect(frames).toHaveLength(1);
    expect(decode(frames[0]!, { referenceMs: T0, zone: 'UTC' })).toMatchObject({
      format: 'rfc5424',
      facility: 20,
    });
  });

  it('escapes and bounds whatever the text is: 2,048 octets, no line end', async () => {
    const frames: Buffer[] = [];
    const deframer = new Deframer(65_536, () => {});
    const port = await tcpServer((chunk) => deframer.push(chunk, (frame) => frames.push(Buffer.from(frame))));
    const subject = '"]\\ \n\x1b[2J ☃'.repeat(1_000);
    const wide = {
      sources: Array.from({ length: 200 }, (_, i) => `2001:db8:1111:2222:3333:4444:5555:${i + 16}`),
    };
    await channel('tcp', port).send(alertAbout({ ...wide, ruleId: 'a"]b\\' }, { subject }), NEVER);
    expect(frames[0]!.length).toBeLessThanOrEqual(2_048);
    expect(frames[0]!.includes(10)).toBe(false);
    const { message, structuredData } = decode(frames[0]!, { referenceMs: T0, zone: 'UTC' });
    expect(structuredData!.get('knockwatch@32473')!.get('rule')).toBe('a"]b\\');
    expect(structuredData!.get('knockwatch@32473')!.get('sourceCount')).toBe('200');
    expect(structuredData!.get('knockwatch@32473')!.get('overflow')).toBe('0');
    expect(message).toContain('\\x1b[2J');
  });

  it('says when its counts are lower bounds, and nothing of that for an alert that does not know', async () => {
    const frames: string[] = [];
    const port = await tcpServer((chunk) => frames.push(chunk.toString()));
    const known = alertAbout({ overflow: 77 });
    const { overflow: _, ...before } = known.incident!;
    for (const each of [known, { ...known, incident: before as AlertIncident }])
      await channel('tcp', port).send(each, NEVER);
    expect(frames.join('').match(/overflow="\d+"/g)).toEqual(['overflow="77"']);
  });

  it('tries again when nobody listens', async () => {
    const port = await tcpServer(() => {});
    for (const one of open.splice(0)) one.close();
    const result = await channel('tcp', port).send(alert(), NEVER);
    expect(result).toMatchObject({ ok: false, retry: true });
    expect(result.because).toContain('ECONNREFUSED');
  });

  it('is done when the collector never closes', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.resume()).listen(0, '127.0.0.1');
    open.push(server);
    await once(server, 'listening');
    const sent = channel('tcp', (server.address() as AddressInfo).port).send(alert(), NEVER);
    expect(await sent).toMatchObject({ ok: true });
  });

  it('stops when it is told to', async () => {
    const patience = AbortSignal.abort();
    expect(await channel('tcp', 9).send(alert(), patience)).toMatchObject({ ok: false, retry: true });
    expect(await channel('udp', 9).send(alert(), patience)).toMatchObject({ ok: false, retry: true });
  });
});
