import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AppStatus } from '../status.ts';
import { PRIVATE_MODE } from './private-files.ts';

const NAME = 'status.json';

/** Replaces `<stateDir>/status.json` as a whole, so that no reader meets half of it. Throws the file system's error. */
export function writeStatusFile(stateDir: string, status: AppStatus): void {
  const path = join(stateDir, NAME);
  writeFileSync(`${path}.new`, `${JSON.stringify(status)}\n`, { mode: PRIVATE_MODE });
  renameSync(`${path}.new`, path);
}

/** The newest status a daemon wrote, or undefined when there is none that can be read. */
export function readStatusFile(stateDir: string): AppStatus | undefined {
  try {
    return JSON.parse(readFileSync(join(stateDir, NAME), 'utf8')) as AppStatus;
  } catch {
    return undefined;
  }
}
