import type { Delivery } from '../../types.ts';
import { parseObject } from '../record-codec.ts';
import type { DeliveryRecord } from '../store.ts';
import { ALERT_KEYS } from './keys.ts';
import type { RedisLink } from './redis-link.ts';

/** About as many are remembered. */
const MAX_DELIVERIES = 10_000;

/** What became of each try to deliver, whichever node tried. */
export class RedisDeliveries {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /** Rejects when Redis is away. */
  async record(delivery: Delivery, atMs: number): Promise<void> {
    const text = JSON.stringify({ ...delivery, atMs });
    await this.#link.client.xadd(ALERT_KEYS.deliveries, 'MAXLEN', '~', MAX_DELIVERIES, '*', 'd', text);
  }

  /** Oldest first. */
  async list(): Promise<DeliveryRecord[]> {
    const rows = await this.#link.client.xrange(ALERT_KEYS.deliveries, '-', '+');
    return rows.flatMap(([, fields]) => parseObject<DeliveryRecord>(fields[1] ?? '') ?? []);
  }
}
