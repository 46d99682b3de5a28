import { readFileSync } from 'node:fs';
import type { Config } from './config.ts';

/** How to reach the Redis of `state`. */
export interface RedisSettings {
  readonly state: string;
  readonly password?: string;
  readonly ca?: string;
}

/** Address, password and authority as configured; the environment goes before the file. Throws when a file can not be read. */
export function redisSettings({ state, redis }: Pick<Config, 'state' | 'redis'>): RedisSettings {
  const { password = firstLine('passwordFile', redis.passwordFile) } = redis;
  const ca = read('ca', redis.ca);
  return {
    state,
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
  };
}

/** Where the shared state is, for people: scheme, hosts and ports, no name and no password. */
export function redisPlace(state: string): string {
  return state
    .split(',')
    .map((part) => {
      if (!URL.canParse(part)) return 'an address that can not be read';
      const { protocol, host, pathname } = new URL(part);
      return `${protocol}//${host}${pathname}`;
    })
    .join(',');
}

function firstLine(setting: string, path: string | undefined): string | undefined {
  return read(setting, path)?.split(/\r?\n/, 1)[0];
}

function read(setting: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`redis.${setting}: ${(error as Error).message}`);
  }
}
