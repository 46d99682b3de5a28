/** A part of the store whose changes wait in memory and are written together with those of the others. */
export interface BatchedTable {
  /** Changes that wait. */
  readonly batched: number;
  /** Writes what waits; called inside a transaction. */
  write(): void;
  /** The transaction has been committed: nothing waits any more. */
  written(): void;
}
