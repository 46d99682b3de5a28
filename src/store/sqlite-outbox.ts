import type { OutboxEntry } from '../types.ts';
import type { BatchedTable } from './batched-table.ts';
import { type OutboxBounds, type OutboxChange, OutboxQueue } from './outbox-queue.ts';
import { decodeEntry, encodeEntry, seal, unseal } from './record-codec.ts';
import type { SqliteSession } from './sqlite-session.ts';
import type { OutboxSlot } from './store.ts';

/**
 * The outbox of the SQLite store: the queue in memory, and its rows. Whoever changes the queue writes the changes with `follow`
 * in the same transaction, or takes them back. What had to make room is the exception: its row goes with the next batch, which has
 * the note that it is told another way. `onLost` is told of entries that can not be read.
 */
export class SqliteOutbox implements BatchedTable {
  readonly queue: OutboxQueue;
  readonly #session: SqliteSession;
  readonly #onLost: (because: string) => void;
  #dataVersion = 0;
  #displaced: OutboxSlot[] = [];

  constructor(session: SqliteSession, bounds: OutboxBounds | undefined, onLost: (because: string) => void) {
    this.#session = session;
    this.#onLost = onLost;
    this.queue = new OutboxQueue(bounds);
    this.load();
  }

  /** Reads the rows again when another process (the command line) may have changed them. */
  refresh(): OutboxQueue {
    if (this.#session.pragma('data_version') !== this.#dataVersion) this.load();
    return this.queue;
  }

  load(): void {
    this.#dataVersion = this.#session.pragma('data_version');
    const slots: OutboxSlot[] = [];
    const rows = this.#session.all("SELECT * FROM outbox WHERE state <> 'delivered' ORDER BY seq");
    for (const row of rows) {
      const entry = decodeEntry(unseal(String(row.entry)) ?? '');
      if (entry !== undefined && isOf(entry, row)) {
        slots.push({ seq: Number(row.seq), entry, dead: row.state === 'dead' });
      } else this.#onLost(`the alert ${String(row.alert_id)} for ${String(row.channel)} can not be read`);
    }
    this.queue.load(slots);
  }

  isDelivered(alertId: string, channel: string): boolean {
    const sql = "SELECT 1 AS found FROM outbox WHERE alert_id = ? AND channel = ? AND state = 'delivered'";
    return this.#session.all(sql, alertId, channel).length > 0;
  }

  /** Makes the rows what the queue has become. */
  follow(changes: readonly OutboxChange[]): void {
    for (const { before, after } of changes) {
      if (after !== undefined) this.writeSlot(after);
      else if (before !== undefined) this.#removeWaiting(before);
    }
  }

  /** The same for accepted alerts; `displaced` then says that the transaction has been committed. */
  followAccepted(changes: readonly OutboxChange[]): void {
    this.follow(changes.filter(({ after }) => after !== undefined));
  }

  displaced(changes: readonly OutboxChange[]): void {
    const gone = changes.flatMap(({ before, after }) =>
      before === undefined || after !== undefined ? [] : [before],
    );
    this.#displaced.push(...gone);
  }

  get batched(): number {
    return this.#displaced.length;
  }

  write(): void {
    for (const slot of this.#displaced)
      if (!this.queue.has(slot.entry.alert.id, slot.entry.channel)) this.#removeWaiting(slot);
  }

  written(): void {
    this.#displaced = [];
  }

  writeSlot({ seq, entry, dead }: OutboxSlot): void {
    this.#session.run(
      'INSERT OR REPLACE INTO outbox (alert_id, channel, seq, state, settled_ms, entry) VALUES (?, ?, ?, ?, NULL, ?)',
      ...[entry.alert.id, entry.channel, seq, dead ? 'dead' : 'waiting', seal(encodeEntry(entry))],
    );
  }

  writeDelivered(alertId: string, channel: string, atMs: number): void {
    this.#session.run(
      `INSERT OR REPLACE INTO outbox (alert_id, channel, seq, state, settled_ms, entry) VALUES (?, ?, 0, 'delivered', ?, NULL)`,
      ...[alertId, channel, atMs],
    );
  }

  /** Forgets what was delivered before. */
  expire(beforeMs: number): void {
    this.#session.run("DELETE FROM outbox WHERE state = 'delivered' AND settled_ms < ?", beforeMs);
  }

  #removeWaiting({ entry }: OutboxSlot): void {
    this.#session.run(
      "DELETE FROM outbox WHERE alert_id = ? AND channel = ? AND state <> 'delivered'",
      entry.alert.id,
      entry.channel,
    );
  }
}

function isOf({ alert, channel }: OutboxEntry, row: { readonly [column: string]: unknown }): boolean {
  return alert.id === row['alert_id'] && channel === row['channel'];
}
