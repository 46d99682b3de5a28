import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Flags for a file of ours: made when missing, a symbolic link in its place is refused (ELOOP). */
export const PRIVATE_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
export const PRIVATE_MODE = 0o600;

/**
 * Makes a directory, 0700 whatever the umask; missing parents get the umask's mode. A directory that exists keeps its mode.
 * Returns whether others may look into it. Throws the file system's error.
 */
export function privateDirectory(path: string): { readonly exposed: boolean } {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    makeDirectory(dirname(path));
    mkdirSync(path, { mode: 0o700 });
    chmodSync(path, 0o700);
    return { exposed: false };
  }
  // A symbolic link to a directory is the owner's choice of disk; anything else fails when it is used.
  return { exposed: !found.isSymbolicLink() && (found.mode & 0o077) !== 0 };
}

/** As mkdir -p. Node's own recursion never ends where a directory can not be made although its parent is there (/proc). */
function makeDirectory(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

/**
 * Makes the file when it is missing and sets it to 0600 whatever the umask. Throws ELOOP for a symbolic link. A file that exists
 * is not opened: closing it would end every POSIX lock this process holds on it (fcntl(2), and so SQLite's).
 */
export function privateFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) {
    if ((found.mode & 0o777) !== PRIVATE_MODE) chmodSync(path, PRIVATE_MODE);
    return;
  }
  const fd = openSync(path, PRIVATE_FLAGS, PRIVATE_MODE);
  try {
    fchmodSync(fd, PRIVATE_MODE);
  } finally {
    closeSync(fd);
  }
}

/** Renames what stands in the way to `<path>.bad.<time>` and returns the new path; nothing is deleted. */
export function setAside(path: string, nowMs: number, word = 'bad'): string {
  for (let n = 0; ; n++) {
    const target = `${path}.${word}.${basicIso(nowMs)}${n === 0 ? '' : `-${n}`}`;
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) continue;
    renameSync(path, target);
    return target;
  }
}

/** ISO 8601 basic format, `20261123T083600Z`: file names without colons. */
export function basicIso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/** The errno name or the message of whatever was thrown. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}
