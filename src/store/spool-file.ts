import { closeSync, constants, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { PRIVATE_FLAGS, PRIVATE_MODE, privateDirectory } from './private-files.ts';

/** What the disk says when it does not let us; once, until it does again. */
export type OnSpoolFault = (because: string) => void;

/**
 * Lines that outlive the process, for as long as they are owed to somebody else. It never throws: a disk that fails is
 * reported, and what it should have kept is in memory only.
 */
export class SpoolFile {
  readonly #directory: string;
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #onFault: OnSpoolFault;
  #fd: number | undefined;
  #bytes = 0;
  #failing = false;

  /** `path` in `directory`, which is made when it is missing; at most so many octets. */
  constructor(directory: string, path: string, maxBytes: number, onFault: OnSpoolFault) {
    this.#directory = directory;
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#onFault = onFault;
  }

  /** What an earlier process left; a last line that was cut off is left out. */
  load(): string[] {
    try {
      // Another program may have made it: no more is read than we would have written.
      if ((statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) > this.#maxBytes)
        throw new Error(`${this.#path} is larger than ${this.#maxBytes} bytes and is not read`);
      const lines = readFileSync(this.#path, 'utf8').split('\n');
      lines.pop();
      return lines;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#fault(error);
      return [];
    }
  }

  /** Adds lines, which contain no line feed. False when they are not on disk: it failed, or it has no room. */
  append(lines: readonly string[]): boolean {
    try {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const fd = this.#open();
      if (this.#bytes + bytes.length > this.#maxBytes) return false;
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      this.#bytes += bytes.length;
      this.#failing = false;
      return true;
    } catch (error) {
      this.#fault(error);
      return false;
    }
  }

  /** Nothing of it is owed any more. */
  clear(): void {
    try {
      ftruncateSync(this.#open(), 0);
      this.#bytes = 0;
    } catch (error) {
      this.#fault(error);
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): number {
    if (this.#fd !== undefined) return this.#fd;
    privateDirectory(this.#directory);
    this.#fd = openSync(this.#path, PRIVATE_FLAGS | constants.O_APPEND, PRIVATE_MODE);
    this.#bytes = statSync(this.#path).size;
    return this.#fd;
  }

  #fault(error: unknown): void {
    if (!this.#failing) this.#onFault((error as Error).message);
    this.#failing = true;
  }
}
