import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { Captures } from '../evidence/capture.ts';
import { finger } from '../evidence/finger.ts';
import { geo } from '../evidence/geo.ts';
import type { Lookup } from '../evidence/lookup.ts';
import { type LookupCache, type LookupResult, Lookups } from '../evidence/lookups.ts';
import { rdap } from '../evidence/rdap.ts';
import { reverseDns } from '../evidence/reverse-dns.ts';
import { whois } from '../evidence/whois.ts';
import type { IncidentContext } from '../notify/render-context.ts';
import type { Incident } from '../types.ts';

export interface SourceEvidenceOptions {
  readonly config: Config;
  /** Where answers are kept between incidents. */
  readonly cache: LookupCache;
  readonly onFault: (because: string) => void;
  /** Instead of the configured ones. */
  readonly lookups?: Lookups;
}

/** The look-ups the configuration turns on, in the order they are shown. */
export function configuredLookups(
  { lookups }: Pick<Config, 'lookups'>,
  onFault: (because: string) => void,
): Lookup[] {
  const { nameServers, geo: files } = lookups;
  return [
    ...(lookups.reverseDns ? [reverseDns(nameServers.length === 0 ? {} : { servers: nameServers })] : []),
    ...(files.length > 0 ? [geo({ files, onFault })] : []),
    ...(lookups.rdap ? [rdap()] : []),
    ...(lookups.whois ? [whois()] : []),
    ...(lookups.finger ? [finger()] : []),
  ];
}

/** What is found out about the source of an incident: look-ups for its mail, and its packets where that is turned on. */
export class SourceEvidence {
  readonly #lookups: Lookups | undefined;
  readonly #captures: Captures | undefined;
  readonly #onFault: (because: string) => void;

  constructor({ config, cache, onFault, lookups }: SourceEvidenceOptions) {
    const configured = configuredLookups(config, onFault);
    this.#lookups =
      lookups ?? (configured.length === 0 ? undefined : new Lookups({ lookups: configured, cache }));
    this.#onFault = onFault;
    const { capture, stateDir } = config;
    if (capture === undefined) return;
    this.#captures = new Captures({
      ...capture,
      directory: join(stateDir, 'captures'),
      onEvent: ({ kind, source, because }) =>
        kind === 'capture-failed' && onFault(`capture of ${source}: ${because}`),
    });
  }

  /** An incident has opened: look-ups begin now, so that the mail need not wait for them. */
  begin({ sources }: Incident): void {
    const [source] = sources;
    if (source === undefined || sources.length > 1) return;
    void this.#lookups?.gather(source);
    const capture = this.#captures?.start(source);
    if (capture?.started === false) this.#onFault(`no capture of ${source}: ${capture.because}`);
  }

  /** What is known about an incident's only source by now, or a few seconds later. Never rejects. */
  async about({ sources }: Incident): Promise<Pick<IncidentContext, 'evidence' | 'sourceName'>> {
    const [source] = sources;
    if (this.#lookups === undefined || source === undefined || sources.length > 1) return {};
    return toContext(await this.#lookups.gather(source));
  }

  /** Ends what is being recorded. */
  async close(): Promise<void> {
    await this.#captures?.stop();
  }
}

/** A name stands beside the address already. */
function toContext(results: readonly LookupResult[]): Pick<IncidentContext, 'evidence' | 'sourceName'> {
  const sourceName = results.find(({ hostName }) => hostName !== undefined)?.hostName;
  const evidence = results
    .filter(({ hostName }) => hostName === undefined)
    .map(({ label, text }) => ({ label, text }));
  return {
    ...(evidence.length === 0 ? {} : { evidence }),
    ...(sourceName === undefined ? {} : { sourceName }),
  };
}
