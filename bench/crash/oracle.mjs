/** How long before its death the daemon must have been sent a line for it to count: batches are written every 250 ms. */
const WRITTEN_MS = 1_000;

/**
 * Knows what must arrive. A source of three lines is owed a mail when each of them was sent more than a second before the
 * daemon died (or it did not die since), or when the dead daemon's store holds its incident or its three hits.
 */
export class Oracle {
  /** source -> when each of its lines was sent, and whether one of them may have died with the daemon. */
  #sources = new Map();
  #stored = new Set();

  sent(source, atMs) {
    const known = this.#sources.get(source) ?? { times: [], inFlight: false };
    known.times.push(atMs);
    this.#sources.set(source, known);
  }

  /** The daemon has died; what its store holds is promised. */
  died(atMs, storedSources) {
    for (const known of this.#sources.values()) {
      if (known.times.some((sentMs) => sentMs > atMs - WRITTEN_MS && sentMs <= atMs)) known.inFlight = true;
    }
    for (const source of storedSources) this.#stored.add(source);
  }

  /** Sources that must be mailed about, of those that have been heard of in full. */
  owed() {
    const safe = [...this.#sources].filter(([, { times, inFlight }]) => times.length === 3 && !inFlight);
    return new Set([...safe.map(([source]) => source), ...this.#stored]);
  }

  verdict(mails, kills) {
    const owed = this.owed();
    const bySource = new Map();
    for (const mail of mails) {
      if (mail.source !== undefined) bySource.set(mail.source, [...(bySource.get(mail.source) ?? []), mail]);
    }
    // What had no room in the queue is told in a digest.
    const inDigest = new Set(mails.flatMap(({ source, told }) => (source === undefined ? told : [])));
    const duplicates = [...bySource.values()].reduce((sum, same) => sum + same.length - 1, 0);
    const inFlight = [...this.#sources].filter(
      ([source, { times }]) => times.length === 3 && !owed.has(source),
    );
    return {
      kills,
      sources: this.#sources.size,
      owed: owed.size,
      mailed: bySource.size,
      mails: mails.length,
      inDigest: [...owed].filter((source) => inDigest.has(source) && !bySource.has(source)).length,
      lost: [...owed].filter((source) => !bySource.has(source) && !inDigest.has(source)),
      duplicates,
      /** Mails about one source that are not the same mail: another Message-ID. */
      others: [...bySource.values()].filter(
        (same) => new Set(same.map(({ messageId }) => messageId)).size > 1,
      ).length,
      /** Sent within the second before a death, and not in the store. */
      inFlight: inFlight.length,
      inFlightMailed: inFlight.filter(([source]) => bySource.has(source)).length,
    };
  }
}
