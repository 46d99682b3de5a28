import type { Socket } from 'node:net';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { WebEnv } from './guard.ts';

export interface LiveOptions {
  /** Clients at once, in all and from one address. */
  readonly maxClients?: number;
  readonly maxPerAddress?: number;
  /** Octets a client may be behind before it is dropped. */
  readonly maxBehindBytes?: number;
  readonly onDropped?: (reason: 'slow' | 'full') => void;
}

interface Client {
  readonly address: string;
  readonly socket: Socket;
  behindBytes: number;
  write(text: string): Promise<unknown>;
  end(): void;
}

/** Server-sent events: one text a second, made once for everybody. Who does not read is dropped, who is one too many is refused. */
export class LiveFeed {
  readonly #options: Required<LiveOptions>;
  readonly #clients = new Set<Client>();

  constructor(options: LiveOptions = {}) {
    this.#options = {
      maxClients: 64,
      maxPerAddress: 16,
      maxBehindBytes: 1 << 18,
      onDropped: () => {},
      ...options,
    };
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Answers a request with the stream. `first` is sent at once. */
  join(c: Context<WebEnv>, first: string): Response {
    const { maxClients, maxPerAddress } = this.#options;
    const { incoming, outgoing } = c.env;
    const address = incoming.socket.remoteAddress ?? '';
    const clients = [...this.#clients];
    const alike = clients.filter((client) => client.address === address).length;
    // Whoever asks again on the same connection (pipelining) would wait behind a stream that never ends.
    const isTaken = clients.some((client) => client.socket === incoming.socket);
    if (this.#clients.size >= maxClients || alike >= maxPerAddress || isTaken) {
      this.#options.onDropped('full');
      return c.text('Too many pages are open.\n', 429, { 'Retry-After': '30' });
    }
    return streamSSE(c, (stream) => {
      return new Promise<void>((resolve) => {
        const client: Client = {
          address,
          socket: incoming.socket,
          behindBytes: 0,
          write: (text) => stream.write(text),
          end: () => {
            this.#clients.delete(client);
            outgoing.destroy();
            resolve();
          },
        };
        stream.onAbort(() => client.end());
        outgoing.once('close', () => client.end());
        this.#clients.add(client);
        this.#send(client, `retry: 3000\n\n${first}`);
      });
    });
  }

  /** Sends an event (RFC-free text of the HTML standard: `event:` and `data:` lines, an empty line) to everybody. */
  publish(event: string): void {
    for (const client of this.#clients) this.#send(client, event);
  }

  /** Ends every stream. */
  close(): void {
    for (const client of [...this.#clients]) client.end();
  }

  #send(client: Client, event: string): void {
    if (client.behindBytes > this.#options.maxBehindBytes) {
      this.#options.onDropped('slow');
      client.end();
      return;
    }
    client.behindBytes += event.length;
    void client.write(event).then(() => {
      client.behindBytes -= event.length;
    });
  }
}

/** One event in the form of the HTML standard, section "Server-sent events". JSON holds no line breaks. */
export function liveEvent(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
