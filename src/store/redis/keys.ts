/*
 * Names of keys. Everything one script touches has the same hash tag, so that a Cluster keeps it on one node
 * (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags).
 */

/** Parts the hits are divided into by whom they are about. Fixed: another number would send a source elsewhere. */
export const PARTITIONS = 16;

export function isPartition(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number < PARTITIONS;
}

/** The keys of one partition. */
export interface PartitionKeys {
  /** Hits handed over to whoever owns the partition: a stream. */
  readonly hits: string;
  /** Node -> number of its last batch: a batch that is sent twice counts once. */
  readonly batches: string;
  /** Who owns the partition, with an expiry. */
  readonly owner: string;
  /** Counts owners. */
  readonly epoch: string;
  /** How far its owner has come. */
  readonly state: string;
  /** Open incidents by id. */
  readonly open: string;
  /** What people were told about open incidents, by id. */
  readonly ledger: string;
}

export function partitionKeys(partition: number): PartitionKeys {
  const tag = partitionTag(partition);
  return {
    hits: `${tag}:hits`,
    batches: `${tag}:batches`,
    owner: `${tag}:owner`,
    epoch: `${tag}:epoch`,
    state: `${tag}:state`,
    open: `${tag}:open`,
    ledger: `${tag}:ledger`,
  };
}

/** The keys of one window: what was seen in it, the hits that wait there, and whether its story is being followed. */
export function windowKeys(
  partition: number,
  windowKey: string,
  story: string,
): readonly [seen: string, waiting: string, followed: string] {
  const tag = partitionTag(partition);
  return [`${tag}:w:${windowKey}`, `${tag}:h:${windowKey}`, `${tag}:f:${story}`];
}

/** Nodes that are alive, with how far each has handed over its hits. */
export const NODES_KEY = '{kw:nodes}';

/** The keys of incidents and outbox: one tag, because an incident and its alert are written together. */
export const ALERT_KEYS = {
  /** Alert and channel -> its place in line, without the alert. */
  slots: '{kw:alerts}:slots',
  alerts: '{kw:alerts}:alerts',
  /** Alert and channel of entries that are done with. */
  settled: '{kw:alerts}:settled',
  incidents: '{kw:alerts}:incidents',
  /** Closed incidents by when they were last seen. */
  closed: '{kw:alerts}:closed',
  /** What waits for a digest, by node, channel and incident. */
  held: '{kw:alerts}:held',
  /** The last tries to deliver: a stream. */
  deliveries: '{kw:alerts}:deliveries',
} as const;

function partitionTag(partition: number): string {
  return `{kw:p${partition}}`;
}
