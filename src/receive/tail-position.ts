import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** How far a file has been read, and how to know it again: by its number, and by how it begins. */
export interface TailPosition {
  readonly device: number;
  readonly inode: number;
  /** Where the first line not yet read begins. */
  readonly offset: number;
  /** The first octets, at most HEAD_BYTES, base64. A number alone is given to another file one day. */
  readonly head: string;
}

/**
 * Where the position of a tailed file is kept in one transaction with what came of its lines, so that after a crash none is
 * missing and none comes twice.
 */
export interface TailPositionNote {
  read(): string | undefined;
  write(text: string): void;
}

/** Octets of a file's beginning that tell it from another: a log line begins with its time. */
export const HEAD_BYTES = 256;
/** Fewer octets than these say nothing; then only the number counts. */
const TELLING_BYTES = 24;

/** Whether a file that begins with `found` can be the one at a position. */
export function sameBeginning(position: TailPosition, found: Buffer): boolean {
  const head = Buffer.from(position.head, 'base64');
  return found.length >= head.length && found.subarray(0, head.length).equals(head);
}

/** Whether the beginning alone tells the file, when a copy or a compression gave it another number. */
export function isTelling(position: TailPosition): boolean {
  return Buffer.from(position.head, 'base64').length >= TELLING_BYTES;
}

/** `<stateDir>/tail-<hash of the path>.json`: where reading of each tailed file goes on after a restart. */
export class TailPositionFile {
  readonly #directory: string;
  readonly #file: string;
  readonly #path: string;

  constructor(directory: string, path: string) {
    this.#directory = directory;
    this.#path = path;
    this.#file = join(directory, `tail-${createHash('sha256').update(path).digest('hex').slice(0, 16)}.json`);
  }

  /** What was written last; undefined when there is none. Rejects when it can not be read or makes no sense. */
  async read(): Promise<TailPosition | undefined> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const found = parsePosition(text);
    if (found?.path !== this.#path) throw new Error(`${this.#file} does not make sense`);
    return found;
  }

  /** Replaces it as a whole, on the disk when it resolves. Rejects with the file system's error. */
  async write(position: TailPosition): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const handle = await open(`${this.#file}.new`, 'w', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify({ path: this.#path, ...position })}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${this.#file}.new`, this.#file);
  }
}

/** A position (with its path, where it has one) from JSON; undefined for anything else. */
export function parsePosition(text: string): (TailPosition & { readonly path?: string }) | undefined {
  try {
    const found = JSON.parse(text) as Partial<TailPosition> | null;
    const numbers = [found?.device, found?.inode, found?.offset];
    return typeof found?.head === 'string' && numbers.every(Number.isSafeInteger)
      ? (found as TailPosition)
      : undefined;
  } catch {
    return undefined;
  }
}
