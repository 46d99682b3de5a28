import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { onDemand } from '../../lib/on-demand.ts';

const ioredis = onDemand<typeof import('ioredis')>('ioredis');

/** A Lua script that runs atomically on the node that holds its keys. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

export interface RedisLinkOptions {
  /** See `parseState`. */
  readonly state: string;
  /** Instead of the address's. */
  readonly password?: string;
  /** Certificates (PEM) the server's must be signed by, with TLS; the public authorities' when absent. */
  readonly ca?: string;
  /** A command without an answer for so long has failed; whether it was carried out is unknown. */
  readonly commandTimeoutMs?: number;
  /** Hears how the first try to connect ended, and then of every change between there and away. */
  readonly onChange?: (away: string | undefined) => void;
}

/** The hosts of a `state` setting, and what they have in common. */
export interface RedisAddress {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
}

const COMMAND_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
const RECONNECT_MS = 500;
const NOT_YET = 'not connected yet';

/**
 * Reads `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS. Several addresses with commas between them are
 * some nodes of one Cluster; name and password are the first one's. Throws a TypeError that does not repeat the password.
 */
export function parseState(state: string): RedisAddress {
  const urls = state.split(',').map((part) => {
    if (!URL.canParse(part)) throw new TypeError('state: write redis://host:port');
    return new URL(part);
  });
  const [first] = urls;
  if (first === undefined || urls.some(({ protocol }) => protocol !== 'redis:' && protocol !== 'rediss:'))
    throw new TypeError('state: write embedded, redis://host:port or rediss://host:port');
  if (urls.some(({ protocol }) => protocol !== first.protocol))
    throw new TypeError('state: all nodes of a Cluster are reached with TLS, or none');
  const db = Number(first.pathname.slice(1) || '0');
  if (!Number.isInteger(db))
    throw new TypeError('state: the path of a redis:// address is a database number');
  if (urls.length > 1 && db !== 0) throw new TypeError('state: a Redis Cluster has no numbered databases');
  const [username, password] = [decoded(first.username), decoded(first.password)];
  return {
    nodes: urls.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || '6379'),
    })),
    tls: first.protocol === 'rediss:',
    db,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError('state: a % in a name or password is written %25');
  }
}

/**
 * The connection to Redis, Valkey, or a Cluster of either. A command fails at once while there is none: whoever sends it
 * keeps what matters and sends it again.
 */
export class RedisLink {
  readonly client: Redis | Cluster;
  readonly #onChange: (away: string | undefined) => void;
  #away: string | undefined = NOT_YET;
  #closed = false;

  /** Opens its connection in the background. Throws a TypeError for an address that makes no sense. */
  constructor(options: RedisLinkOptions) {
    this.#onChange = options.onChange ?? (() => undefined);
    this.client = connect(parseState(options.state), options);
    this.client.on('ready', () => this.#note(undefined));
    this.client.on('error', (error: Error) => this.#note(error.message || 'the connection failed'));
    this.client.on('close', () => this.#note('the connection is closed'));
  }

  /** Why Redis can not be reached; undefined while it can. */
  get away(): string | undefined {
    return this.#away;
  }

  /** Whether it is known how the first try to connect ended. */
  get tried(): boolean {
    return this.#away !== NOT_YET;
  }

  /** Runs a script; all keys have the same hash tag. Rejects when Redis is away or refuses. */
  async run(which: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.client.evalsha(which.sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return this.client.eval(which.lua, keys.length, ...keys, ...args);
    }
  }

  /** What Redis gives up when its memory is full (`maxmemory-policy`); undefined when it has no bound, or does not say. */
  async evictionPolicy(): Promise<string | undefined> {
    const info = await this.client.info('memory');
    const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
    return field('maxmemory') === '0' ? undefined : field('maxmemory_policy');
  }

  /** Ends the connection; commands on their way are rejected. */
  close(): void {
    this.#closed = true;
    this.client.disconnect();
  }

  #note(away: string | undefined): void {
    // What failed first says more than the end of the connection that follows it.
    if (this.tried && (away === undefined) === (this.#away === undefined)) return;
    this.#away = away;
    if (!this.#closed) this.#onChange(away);
  }
}

function connect(
  address: RedisAddress,
  { ca, commandTimeoutMs, ...given }: RedisLinkOptions,
): Redis | Cluster {
  const { nodes, tls, db, username } = address;
  const password = given.password ?? address.password;
  const options = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: ca === undefined ? {} : { ca } } : {}),
    commandTimeout: commandTimeoutMs ?? COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // A command that may have been carried out is not repeated behind our back.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  };
  if (nodes.length > 1) {
    return new (ioredis().Cluster)([...nodes], {
      redisOptions: options,
      enableOfflineQueue: false,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      clusterRetryStrategy: () => RECONNECT_MS,
    });
  }
  return new (ioredis().Redis)({ ...nodes[0]!, ...options, db, retryStrategy: () => RECONNECT_MS });
}
