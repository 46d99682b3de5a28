import type { HostSet, Ignore } from '../rule.ts';
import type { Attempt, WatchedHost } from '../types.ts';
import { HostIndex } from './host-index.ts';
import { holdsPort } from './port-index.ts';

interface CompiledIgnore {
  readonly ignore: Ignore;
  readonly holdsHost: (ip: string) => boolean;
}

/** The ignores of a rule set, by source: only those that name an attempt's source are looked at. */
export class IgnoreIndex {
  readonly #bySource = new HostIndex<CompiledIgnore[]>();
  readonly #anySource: CompiledIgnore[] = [];

  constructor(ignores: readonly Ignore[]) {
    const lists = new Map<string, CompiledIgnore[]>();
    for (const ignore of ignores) {
      const compiled = { ignore, holdsHost: hostTest(ignore.hosts) };
      if (ignore.sources.any) this.#anySource.push(compiled);
      for (const key of new Set([...ignore.sources.addresses, ...ignore.sources.networks]))
        lists.set(key, [...(lists.get(key) ?? []), compiled]);
    }
    for (const [key, list] of lists) this.#bySource.set(key, list);
  }

  /** The ignore that covers an attempt towards a host, at the attempt's own time; the first found. */
  find(attempt: Attempt, sourceIp: string, host: WatchedHost, port: number): Ignore | undefined {
    for (const list of [this.#anySource, ...this.#bySource.find(sourceIp)])
      for (const { ignore, holdsHost } of list) {
        if (ignore.untilMs !== undefined && attempt.atMs > ignore.untilMs) continue;
        const { any, ranges } = ignore.ports;
        const portIgnored = any || ranges.some((range) => holdsPort(range, port, attempt.transport));
        if (portIgnored && holdsHost(host.ip)) return ignore;
      }
    return undefined;
  }
}

/** A test for one host set. */
export function hostTest({ any, addresses, networks }: HostSet): (ip: string) => boolean {
  if (any) return () => true;
  const index = new HostIndex<true>();
  for (const key of [...addresses, ...networks]) index.set(key, true);
  return (ip) => index.find(ip).length > 0;
}
