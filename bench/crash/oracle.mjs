/** How long before its death the daemon must have been sent a line for it to count: batches are written every 250 ms. */
const WRITTEN_MS = 1_000;

/**
 * Knows what must arrive. A source of three lines is owed a mail when they are in a file, since that can be read again; when each
 * of them was sent more than a second before the daemon died (or it did not die since); or when the dead daemon's store holds
 * its incident or its three hits.
 */
export class Oracle {
  /** source -> when each of its lines was sent, and whether one of them may have died with the daemon. */
  #sources = new Map();
  #stored = new Set();
  /** How many mails there were at each death. */
  #deaths = [];

  sent(source, atMs, isLogged) {
    const known = this.#sources.get(source) ?? { times: [], isLogged, inFlight: false };
    known.times.push(atMs);
    this.#sources.set(source, known);
  }

  /** The daemon has died; what its store holds is promised. */
  died(atMs, storedSources, mails) {
    this.#deaths.push(mails);
    for (const known of this.#sources.values()) {
      if (!known.isLogged && known.times.some((sentMs) => sentMs > atMs - WRITTEN_MS && sentMs <= atMs))
        known.inFlight = true;
    }
    for (const source of storedSources) this.#stored.add(source);
  }

  /** Sources that must be mailed about, of those that have been heard of in full. */
  owed() {
    const safe = [...this.#sources].filter(([, { times, inFlight }]) => times.length === 3 && !inFlight);
    return new Set([...safe.map(([source]) => source), ...this.#stored]);
  }

  verdict(mails) {
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
    const unlisted = mails.reduce((sum, mail) => sum + mail.unlisted, 0);
    const nowhere = [...owed].filter((source) => !bySource.has(source) && !inDigest.has(source));
    return {
      kills: this.#deaths.length,
      sources: this.#sources.size,
      owed: owed.size,
      mailed: bySource.size,
      mails: mails.length,
      inDigest: [...owed].filter((source) => inDigest.has(source) && !bySource.has(source)).length,
      /** Beyond what a digest lists it gives their number. */
      unlisted,
      lost: nowhere.slice(unlisted),
      duplicates,
      tooMany: this.#beyondDeaths(mails),
      /** Mails about one source that are not the same mail: another Message-ID. */
      others: [...bySource.values()].filter(
        (same) => new Set(same.map(({ messageId }) => messageId)).size > 1,
      ).length,
      /** Sent within the second before a death, and not in the store. */
      inFlight: inFlight.length,
      inFlightMailed: inFlight.filter(([source]) => bySource.has(source)).length,
    };
  }

  /** Duplicates beyond one for each death that came before them. */
  #beyondDeaths(mails) {
    const seen = new Set();
    let duplicates = 0;
    let most = 0;
    for (const [index, { messageId }] of mails.entries()) {
      if (seen.has(messageId)) duplicates++;
      seen.add(messageId);
      most = Math.max(most, duplicates - this.#deaths.filter((before) => before <= index).length);
    }
    return most;
  }
}
