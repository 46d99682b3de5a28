import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { OutboxEntry } from '../types.ts';
import { CliError, EXIT_FAILURE, type Io } from './io.ts';
import { type StoreOfVerbs, withConfiguredStore } from './open-shared-store.ts';
import type { SelfTest } from './self-test-knocks.ts';

/** How often the store is asked: it is opened each time, beside the daemon. */
const LOOK_MS = 500;

/** What became of the alert on one channel; `waiting` may still become another. */
export interface ChannelResult {
  readonly channel: string;
  readonly state: 'delivered' | 'given up' | 'waiting';
  readonly because: string;
}

/** Asks the store what becomes of the alert on these channels, until each has it or gave it up, or the time is over. */
export async function deliveries(
  io: Io,
  config: Config,
  test: SelfTest,
  channels: readonly string[],
  { sinceMs, deadlineMs }: { readonly sinceMs: number; readonly deadlineMs: number },
): Promise<ChannelResult[]> {
  let results: ChannelResult[] = [];
  let fault: CliError | undefined;
  do {
    await sleep(LOOK_MS);
    try {
      results = await withConfiguredStore(io, config, (store) => {
        const ids = incidentIds(store, test, sinceMs);
        return channels.map((channel) => resultOf(store, channel, ids));
      });
      fault = undefined;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      fault = error;
    }
  } while (Date.now() < deadlineMs && (fault !== undefined || results.some(isWaiting)));
  if (fault !== undefined)
    throw new CliError(
      EXIT_FAILURE,
      `what became of the alert can not be told: ${fault.message}. Is the daemon on this machine, with this configuration?`,
    );
  return results;
}

function isWaiting({ state }: ChannelResult): boolean {
  return state === 'waiting';
}

function incidentIds(store: StoreOfVerbs, { rule, sources }: SelfTest, sinceMs: number): string[] {
  const ids = sources.flatMap((source) =>
    store.incidents({ ruleId: rule.id, source, sinceMs }).map(({ id }) => id),
  );
  return [...new Set(ids)];
}

function resultOf(store: StoreOfVerbs, channel: string, ids: readonly string[]): ChannelResult {
  const waiting = (because: string): ChannelResult => ({ channel, state: 'waiting', because });
  if (ids.length === 0) return waiting('the daemon has no incident from these lines');
  const isOurs = ({ alert, channel: to }: OutboxEntry) =>
    to === channel && alert.incidentIds.some((id) => ids.includes(id));
  const tries = ids.flatMap((id) =>
    store.deliveries(`${id}.first`).filter(({ channel: to }) => to === channel),
  );
  const delivered = tries.find(({ outcome }) => outcome === 'delivered');
  if (delivered !== undefined) return { channel, state: 'delivered', because: delivered.because };
  const dead = store.deadLetters().find(isOurs);
  if (dead !== undefined)
    return { channel, state: 'given up', because: dead.because ?? 'no reason is known' };
  const queued = store.outbox(channel).find(isOurs);
  if (queued === undefined)
    return waiting('the incident is there, and no alert about it: `knockwatch incidents` says why');
  return waiting(
    queued.because === undefined
      ? 'it waits to be sent'
      : `not delivered yet, it is tried again: ${queued.because}`,
  );
}
