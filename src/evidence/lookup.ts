/** What a look-up found out about an address. All of it was written by somebody else, and is cleaned before it gets here. */
export interface LookupAnswer {
  /** One or more lines, escaped, without line ends other than LF between them. */
  readonly text: string;
  /** The source's host name; confirmed when the name leads back to the address. */
  readonly hostName?: { readonly name: string; readonly confirmed: boolean };
  /** Addresses that complaints go to, best first. */
  readonly abuse?: readonly string[];
}

/** One kind of look-up. */
export interface Lookup {
  /** Short and stable: the cache's key. */
  readonly name: string;
  /** What people read in front of the answer. */
  readonly label: string;
  /**
   * Asks about a canonical address. Resolves with undefined when there is nothing to know; rejects when it can not be known
   * now. Ends soon after the signal aborts.
   */
  lookUp(ip: string, signal: AbortSignal): Promise<LookupAnswer | undefined>;
}
