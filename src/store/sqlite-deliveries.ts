import type { Delivery } from '../types.ts';
import type { BatchedTable } from './batched-table.ts';
import type { SqlRow } from './sqlite-driver.ts';
import type { SqliteSession } from './sqlite-session.ts';
import type { DeliveryRecord } from './store.ts';

/** Tries to hand over alerts. */
export class SqliteDeliveries implements BatchedTable {
  readonly #session: SqliteSession;
  #unsaved: DeliveryRecord[] = [];

  constructor(session: SqliteSession) {
    this.#session = session;
  }

  get batched(): number {
    return this.#unsaved.length;
  }

  /** Those that are not on disk yet. */
  get unsaved(): readonly DeliveryRecord[] {
    return this.#unsaved;
  }

  append(...deliveries: readonly DeliveryRecord[]): void {
    this.#unsaved.push(...deliveries);
  }

  /** Those on disk, newest first; of one alert when it is named. */
  newest(alertId: string | undefined, limit: number): DeliveryRecord[] {
    const where = alertId === undefined ? '' : 'WHERE alert_id = ?';
    const values = alertId === undefined ? [limit] : [alertId, limit];
    const sql = `SELECT * FROM deliveries ${where} ORDER BY id DESC LIMIT ?`;
    return this.#session.all(sql, ...values).map(deliveryOf);
  }

  expire(beforeMs: number): void {
    this.#session.run('DELETE FROM deliveries WHERE at_ms < ?', beforeMs);
  }

  write(): void {
    for (const { atMs, alertId, channel, attempt, outcome, because } of this.#unsaved) {
      const sql =
        'INSERT INTO deliveries (at_ms, alert_id, channel, attempt, outcome, because) VALUES (?, ?, ?, ?, ?, ?)';
      this.#session.run(sql, atMs, alertId, channel, attempt, outcome, because);
    }
  }

  written(): void {
    this.#unsaved = [];
  }
}

function deliveryOf(row: SqlRow): DeliveryRecord {
  return {
    alertId: String(row.alert_id),
    channel: String(row.channel),
    attempt: Number(row.attempt),
    outcome: String(row.outcome) as Delivery['outcome'],
    because: String(row.because),
    atMs: Number(row.at_ms),
  };
}
