import { readFile, stat } from 'node:fs/promises';
import { createContext, Script } from 'node:vm';
import { Reader, type Response } from 'mmdb-lib';
import { oneLine } from '../lib/escape.ts';
import type { Lookup } from './lookup.ts';

export interface GeoOptions {
  /** MaxMind DB files (country, city, ASN) that somebody else made and we did not ship. */
  readonly files: readonly string[];
  /** Hears once of each file that can not be used, and again when its fault changes. */
  readonly onFault: (because: string) => void;
  /** How long one look-up in one file may take; longer is a file made to hang its reader. */
  readonly timeoutMs?: number;
}

const MAX_FILE_BYTES = 512 * 1024 * 1024;
/** The metadata stands within the last 128 KiB (MaxMind DB format 2.0, "Database Metadata"). */
const METADATA_BYTES = 128 * 1024;
const METADATA_MARKER = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex');
const DEFAULT_TIMEOUT_MS = 50;

/** Calls `job` in a context of its own: the only way to stop code of this thread that does not come back. */
const CALL = new Script('job()');

/** A file as it was last seen. */
interface Loaded {
  readonly changed: string;
  reader?: Reader<Response>;
  fault?: string;
}

/**
 * Country, city and network of an address from local MaxMind DB files, read again when they change. A damaged or hostile file
 * costs its answer and a bounded time, nothing else.
 */
export function geo({ files, onFault, timeoutMs = DEFAULT_TIMEOUT_MS }: GeoOptions): Lookup {
  const loaded = new Map<string, Loaded>();
  const fail = (path: string, state: Loaded, error: unknown, before?: string) => {
    state.fault = oneLine((error as Error).message, 200);
    if (state.fault !== before) onFault(`${path} gives no locations: ${state.fault}`);
  };

  async function current(path: string): Promise<Loaded> {
    const known = loaded.get(path);
    const info = await stat(path).catch(() => undefined);
    const changed = info === undefined ? 'missing' : `${info.size} ${info.mtimeMs}`;
    if (known?.changed === changed) return known;
    const state: Loaded = { changed };
    try {
      if (info === undefined) throw new Error('there is no such file');
      state.reader = bounded(timeoutMs * 10, await load(path, info.size));
    } catch (error) {
      fail(path, state, error, known?.fault);
    }
    loaded.set(path, state);
    return state;
  }

  return {
    name: 'geo',
    label: 'Location',
    async lookUp(ip) {
      const parts: string[] = [];
      for (const path of files) {
        const state = await current(path);
        const { reader } = state;
        if (reader === undefined) continue;
        try {
          parts.push(...describe(bounded(timeoutMs, () => reader.get(ip))));
        } catch (error) {
          fail(path, state, error, state.fault);
        }
      }
      return parts.length === 0 ? undefined : { text: [...new Set(parts)].join(', ') };
    },
  };
}

async function load(path: string, size: number): Promise<() => Reader<Response>> {
  if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes`);
  const bytes = await readFile(path);
  if (bytes.subarray(-METADATA_BYTES).lastIndexOf(METADATA_MARKER) < 0)
    throw new Error('it is no MaxMind DB file');
  return () => {
    const reader = new Reader<Response>(bytes);
    const { searchTreeSize, nodeCount } = reader.metadata;
    if (!(nodeCount > 0 && searchTreeSize < bytes.length))
      throw new Error('its search tree is larger than the file');
    return reader;
  };
}

/** Runs something of ours over data of somebody else's for at most so long. Throws what it throws, or that it took too long. */
function bounded<T>(timeoutMs: number, job: () => T): T {
  return CALL.runInContext(createContext({ job }), { timeout: timeoutMs }) as T;
}

/** Reads GeoLite2/GeoIP2 City, Country, ASN and the flat records of other makers; strings are somebody else's. */
function describe(found: unknown): string[] {
  const network = [
    at(found, 'autonomous_system_number') ?? at(found, 'asn'),
    at(found, 'autonomous_system_organization') ?? at(found, 'as_name'),
  ];
  const [number, holder] = network.map(word);
  const as =
    number === undefined
      ? holder
      : `AS${number.replace(/^AS/i, '')}${holder === undefined ? '' : ` ${holder}`}`;
  const country = word(
    at(found, 'country', 'names', 'en') ?? at(found, 'country', 'iso_code') ?? at(found, 'country_code'),
  );
  const city = word(at(found, 'city', 'names', 'en') ?? at(found, 'city'));
  return [city, country, as].filter((part) => part !== undefined);
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return here;
}

function word(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = oneLine(String(value), 80);
  return text === '' ? undefined : text;
}
