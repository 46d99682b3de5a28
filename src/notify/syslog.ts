import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { formatDuration } from '../lib/duration.ts';
import { visible } from '../lib/escape.ts';
import { limitedTo } from '../lib/limited-to.ts';
import type { Alert } from '../types.ts';
import type { Channel, SendResult } from './channel.ts';
import type { SyslogOptions } from './options.ts';
import { syslogMessage } from './syslog/message.ts';

const TIMEOUT_MS = 10_000;
/** How long a collector may take to close a TCP connection. */
const LINGER_MS = 1_000;

/**
 * Alerts as syslog for a collector, RFC 5424 over UDP (RFC 5426) or TCP (RFC 6587, octet counting), a connection an alert.
 * Neither is acknowledged: what arrives at a collector that dies at once is lost.
 */
export class SyslogChannel implements Channel {
  readonly kind = 'syslog';
  readonly name: string;
  readonly #options: SyslogOptions;
  readonly #now: () => number;

  constructor(options: SyslogOptions, now: () => number = Date.now) {
    this.name = options.name;
    this.#options = options;
    this.#now = now;
  }

  async send(alert: Alert, signal: AbortSignal): Promise<SendResult> {
    const { facility = 'daemon', host, hostName = hostname(), port, protocol } = this.#options;
    const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS;
    const message = syslogMessage(alert, facility, hostName, this.#now());
    const place = `${protocol} ${host.includes(':') ? `[${host}]` : host}:${port}`;
    const limit = limitedTo(timeoutMs, signal);
    try {
      await (protocol === 'udp'
        ? sendDatagram(message, host, port, limit.signal)
        : sendOverTcp(message, host, port, limit.signal));
      return { ok: true, because: `sent to ${place}` };
    } catch (error) {
      const because = limit.expired()
        ? `not sent within ${formatDuration(timeoutMs)}`
        : (error as Error).message;
      return { ok: false, retry: true, because: visible(`${place}: ${because}`, 300) };
    } finally {
      limit.clear();
    }
  }

  async close(): Promise<void> {}
}

async function sendDatagram(message: Buffer, host: string, port: number, signal: AbortSignal): Promise<void> {
  const { address, family } = await orAborted(lookup(host), signal);
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4' });
  try {
    await orAborted(
      new Promise<void>((resolve, reject) => {
        socket.on('error', reject);
        socket.send(message, port, address, (error) => (error === null ? resolve() : reject(error)));
      }),
      signal,
    );
  } finally {
    socket.close();
  }
}

/** A collector closes once it has read to the end; one that does not is not waited for. */
function sendOverTcp(message: Buffer, host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.on('finish', () => setTimeout(() => socket.destroy(), LINGER_MS).unref());
    // A collector has nothing to say; what it says all the same must not keep the end of the stream waiting.
    socket.resume();
    socket.write(`${message.length} `);
    socket.end(message);
  });
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error('was stopped'));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
