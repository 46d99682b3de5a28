/** Names remembered in one generation. */
const MAX_NAMES = 131_072;

/** Names of hits that were read, in two generations: a hit may wait in several windows, and is handed over from each. */
export class KnownNames {
  #names = new Set<string>();
  #older = new Set<string>();
  #sinceMs = Number.NEGATIVE_INFINITY;

  /** Whether a name is new; it is known from now on. */
  isNew(name: string): boolean {
    if (this.#names.has(name) || this.#older.has(name)) return false;
    this.#names.add(name);
    return true;
  }

  /**
   * Forgets what was read so long before `judgedMs`. By what is judged, not by what is read: after an outage one node hands
   * over hours before another does.
   */
  forget(judgedMs: number, keepMs: number): void {
    if (judgedMs - this.#sinceMs <= keepMs && this.#names.size < MAX_NAMES) return;
    this.#older = this.#names;
    this.#names = new Set();
    this.#sinceMs = judgedMs;
  }
}
