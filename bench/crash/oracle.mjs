/**
 * Knows what must arrive. A source of three lines is owed a mail when none of them was on its way when the daemon died: lines in a
 * file can be read again; a line over TCP has arrived when the dead daemon's store holds it or one that came after it on the same
 * connection. It is owed too when the store holds its incident or its three hits.
 */
export class Oracle {
  /** `source host` -> where and as which it was sent, and whether it may have died with the daemon. */
  #lines = new Map();
  #stored = new Set();
  /** How many mails there were at each death. */
  #deaths = [];
  #deadConnection = 0;

  /** `connection` numbers the TCP connection, and is absent for a line in a file. */
  sent(source, host, connection) {
    // The sender may not have noticed yet.
    const inFlight = connection !== undefined && connection <= this.#deadConnection;
    this.#lines.set(`${source} ${host}`, { source, connection, n: this.#lines.size, inFlight });
  }

  /** The daemon has died, and with it all connections up to this one; what its store holds is promised. */
  died(connection, { hits, sources }, mails) {
    this.#deaths.push(mails);
    /** The newest line of each connection that has arrived. */
    const arrived = new Map();
    for (const { source, host } of hits) {
      const line = this.#lines.get(`${source} ${host}`);
      if (line !== undefined)
        arrived.set(line.connection, Math.max(line.n, arrived.get(line.connection) ?? -1));
    }
    for (const line of this.#lines.values())
      if (line.connection > this.#deadConnection && line.n > (arrived.get(line.connection) ?? -1))
        line.inFlight = true;
    this.#deadConnection = connection;
    for (const source of [...sources, ...whole(hits)]) this.#stored.add(source);
  }

  /** Lines of each source that were sent, and how many of them may have died with a daemon. */
  #sources() {
    const sources = new Map();
    for (const { source, inFlight } of this.#lines.values()) {
      const so = sources.get(source) ?? { lines: 0, inFlight: 0 };
      sources.set(source, { lines: so.lines + 1, inFlight: so.inFlight + (inFlight ? 1 : 0) });
    }
    return [...sources].filter(([, { lines }]) => lines === 3);
  }

  verdict(mails) {
    const sources = this.#sources();
    const owed = new Set([
      ...sources.filter(([, { inFlight }]) => inFlight === 0).map(([source]) => source),
      ...this.#stored,
    ]);
    const bySource = new Map();
    for (const mail of mails) {
      if (mail.source !== undefined) bySource.set(mail.source, [...(bySource.get(mail.source) ?? []), mail]);
    }
    // What had no room in the queue is told in a digest.
    const inDigest = new Set(mails.flatMap(({ source, told }) => (source === undefined ? told : [])));
    const duplicates = [...bySource.values()].reduce((sum, same) => sum + same.length - 1, 0);
    const inFlight = sources.filter(([source]) => !owed.has(source));
    const unlisted = mails.reduce((sum, mail) => sum + mail.unlisted, 0);
    const nowhere = [...owed].filter((source) => !bySource.has(source) && !inDigest.has(source));
    return {
      kills: this.#deaths.length,
      sources: sources.length,
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
      /** With a line that was on its way when a daemon died. */
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

/** Sources with hits on three hosts. */
function whole(hits) {
  const hosts = new Map();
  for (const { source, host } of hits) hosts.set(source, (hosts.get(source) ?? new Set()).add(host));
  return [...hosts].filter(([, seen]) => seen.size >= 3).map(([source]) => source);
}
