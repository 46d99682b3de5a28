import type { Writable } from 'node:stream';
import { alertToEcs } from '../lib/ecs.ts';
import { jsonLine } from '../lib/escape.ts';
import type { Alert } from '../types.ts';
import type { Channel, SendResult } from './channel.ts';
import type { StdoutOptions } from './options.ts';

/** One JSON object a line with ECS field names, for pipes and log shippers. */
export class StdoutChannel implements Channel {
  readonly kind = 'stdout';
  readonly name: string;
  readonly #out: Writable;
  readonly #now: () => number;

  constructor(options: StdoutOptions, out: Writable = process.stdout, now: () => number = Date.now) {
    this.name = options.name;
    this.#out = out;
    this.#now = now;
  }

  send(alert: Alert): Promise<SendResult> {
    return new Promise((resolve) => {
      const failed = (error: Error) =>
        resolve({
          ok: false,
          retry: (error as NodeJS.ErrnoException).code !== 'EPIPE',
          because: error.message,
        });
      // The stream reports some faults as an event only, which would end the process if nobody listened.
      this.#out.once('error', failed);
      this.#out.write(`${jsonLine(alertToEcs(alert, this.#now()))}\n`, (error) => {
        if (error !== null && error !== undefined) return failed(error);
        this.#out.removeListener('error', failed);
        resolve({ ok: true, because: 'written' });
      });
    });
  }

  async close(): Promise<void> {}
}
