import { readFileSync } from 'node:fs';
import type { Config } from './config.ts';

/** The token of the page, from the file that is named or as it was given. Throws when the file can not be read or holds none. */
export function webToken({ token, tokenFile }: Config['web']): string | undefined {
  if (token !== undefined || tokenFile === undefined) return token;
  const line = readFileSync(tokenFile, 'utf8').split(/\r?\n/, 1)[0]!;
  if (line.length < 16)
    throw new Error(`web.tokenFile ${tokenFile}: its first line is no token of 16 characters or more`);
  return line;
}
