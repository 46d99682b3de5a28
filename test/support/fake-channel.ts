import type { Channel, SendResult } from '../../src/notify/channel.ts';
import type { Alert } from '../../src/types.ts';

export const OK: SendResult = { ok: true, because: 'ok' };
export const LATER: SendResult = { ok: false, retry: true, because: 'busy' };
export const NO: SendResult = { ok: false, retry: false, because: 'no such user' };

/** What a fake channel does with an alert: answer, throw, or never answer. */
export type Behaviour = SendResult | 'throw' | 'hang' | 'hang-for-ever';

/** A channel that does what it is told to and remembers what it was given. */
export class FakeChannel implements Channel {
  readonly kind = 'fake';
  readonly name: string;
  readonly given: Alert[] = [];
  behaviour: Behaviour = OK;
  closed = 0;

  constructor(name = 'ops') {
    this.name = name;
  }

  get ids(): string[] {
    return this.given.map(({ id }) => id);
  }

  send(alert: Alert, signal: AbortSignal): Promise<SendResult> {
    this.given.push(alert);
    const { behaviour } = this;
    if (behaviour === 'throw') throw new Error('a fault in the channel');
    if (behaviour === 'hang-for-ever') return new Promise(() => {});
    if (behaviour === 'hang') {
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => resolve({ ok: false, retry: true, because: 'aborted' })),
      );
    }
    return Promise.resolve(behaviour);
  }

  async close(): Promise<void> {
    this.closed++;
  }
}
