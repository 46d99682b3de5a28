import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { PRIVATE_FLAGS, PRIVATE_MODE, privateDirectory } from './private-files.ts';

const LF = 10;

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
  /** The file ends in the middle of a line. */
  #cutOff = false;
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
      const fd = this.#open();
      // Else the first of these would be the rest of what was cut off.
      const bytes = Buffer.from((this.#cutOff ? '\n' : '') + lines.map((line) => `${line}\n`).join(''));
      if (this.#bytes + bytes.length > this.#maxBytes) return false;
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      this.#bytes += bytes.length;
      this.#cutOff = false;
      this.#failing = false;
      return true;
    } catch (error) {
      this.#takeBack();
      this.#fault(error);
      return false;
    }
  }

  /** Nothing of it is owed any more. */
  clear(): void {
    try {
      ftruncateSync(this.#open(), 0);
      this.#bytes = 0;
      this.#cutOff = false;
    } catch (error) {
      this.#fault(error);
    }
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }

  /** Part of the lines may have been written: a full disk takes what it has room for. */
  #takeBack(): void {
    if (this.#fd === undefined) return;
    try {
      ftruncateSync(this.#fd, this.#bytes);
    } catch {
      // Opened again, it is seen where it ends.
      try {
        this.close();
      } catch {
        // The number is given back all the same.
      }
    }
  }

  #open(): number {
    if (this.#fd !== undefined) return this.#fd;
    privateDirectory(this.#directory);
    const fd = openSync(this.#path, PRIVATE_FLAGS | constants.O_APPEND, PRIVATE_MODE);
    try {
      const last = Buffer.alloc(1);
      this.#bytes = fstatSync(fd).size;
      this.#cutOff = this.#bytes > 0 && readSync(fd, last, 0, 1, this.#bytes - 1) === 1 && last[0] !== LF;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#fd = fd;
    return fd;
  }

  #fault(error: unknown): void {
    if (!this.#failing) this.#onFault((error as Error).message);
    this.#failing = true;
  }
}
