import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { LineSplitter, type OnLine } from './line-splitter.ts';
import { HEAD_BYTES, sameBeginning, type TailPosition } from './tail-position.ts';

const LF = 10;
const CHUNK_BYTES = 256 * 1024;

/** What became of an open file since it was last looked at. */
export type Change = 'none' | 'grown' | 'rewritten';

/** A log file held open while it grows. It goes on being the same file under whatever name, until it is closed. */
export class TailedFile {
  readonly device: number;
  readonly inode: number;
  readonly #handle: FileHandle;
  readonly #maxBytes: number;
  readonly #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #splitter: LineSplitter;
  #readTo = 0;
  #head: Buffer = Buffer.alloc(0);
  #seen = '';

  private constructor(handle: FileHandle, device: number, inode: number, maxBytes: number) {
    this.#handle = handle;
    this.device = device;
    this.inode = inode;
    this.#maxBytes = maxBytes;
    this.#splitter = new LineSplitter(maxBytes);
  }

  /** Opens a file at its beginning. Rejects with the file system's error, and for anything that is not a regular file. */
  static async open(path: string, maxBytes: number): Promise<TailedFile> {
    // A named pipe would be waited for, with nobody to end the waiting.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const info = await handle.stat();
      if (!info.isFile()) throw new Error('is not a regular file');
      return new TailedFile(handle, info.dev, info.ino, maxBytes);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Where the first line not yet given begins. */
  get offset(): number {
    return this.#readTo - this.#splitter.pendingBytes;
  }

  /** The place to go on from. */
  get position(): TailPosition {
    const { device, inode, offset } = this;
    return { device, inode, offset, head: this.#head.toString('base64') };
  }

  /** Whether this is the file a position is about, and goes at least as far. */
  async isAt(position: TailPosition): Promise<boolean> {
    if (position.device !== this.device || position.inode !== this.inode) return false;
    const { size } = await this.#handle.stat();
    return size >= position.offset && sameBeginning(position, await this.#readHead(HEAD_BYTES));
  }

  /** Goes on from a position in this file. */
  async goTo(position: TailPosition): Promise<void> {
    this.#readTo = position.offset;
    this.#head = await this.#readHead(HEAD_BYTES);
  }

  /** Leaves out what is there already: goes on with the line that is being written, or when that is too long, with the next. */
  async skipToEnd(): Promise<void> {
    const { size } = await this.#handle.stat();
    const from = Math.max(0, size - Math.min(this.#maxBytes, CHUNK_BYTES));
    const { bytesRead } = await this.#handle.read(this.#buffer, 0, size - from, from);
    const lastLf = this.#buffer.subarray(0, bytesRead).lastIndexOf(LF);
    if (lastLf < 0 && from > 0) this.#splitter.skipLine();
    this.#readTo = lastLf >= 0 ? from + lastLf + 1 : from === 0 ? 0 : size;
    this.#head = await this.#readHead(HEAD_BYTES);
  }

  /** Whether there is more to read, or the file was cut or written anew in its place: begins it again then. */
  async look(): Promise<Change> {
    const { size, mtimeMs } = await this.#handle.stat();
    const seen = `${size} ${mtimeMs}`;
    if (seen === this.#seen) return size > this.#readTo ? 'grown' : 'none';
    this.#seen = seen;
    const isSame = (await this.#readHead(this.#head.length)).equals(this.#head);
    if (size >= this.#readTo && isSame) return size > this.#readTo ? 'grown' : 'none';
    return 'rewritten';
  }

  /** Forgets what was read: after `rewritten`. */
  startAgain(): void {
    this.#splitter = new LineSplitter(this.#maxBytes);
    this.#readTo = 0;
    this.#head = Buffer.alloc(0);
  }

  /** Reads the next piece; resolves with its octets, 0 at the end. */
  async read(onLine: OnLine): Promise<number> {
    const { bytesRead } = await this.#handle.read(this.#buffer, 0, CHUNK_BYTES, this.#readTo);
    if (bytesRead === 0) return 0;
    if (this.#head.length < HEAD_BYTES) this.#head = await this.#readHead(HEAD_BYTES);
    this.#readTo += bytesRead;
    this.#splitter.push(this.#buffer.subarray(0, bytesRead), onLine);
    return bytesRead;
  }

  /** Gives the unfinished last line: nobody will write its end any more. */
  finish(onLine: OnLine): void {
    this.#splitter.end(onLine);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #readHead(bytes: number): Promise<Buffer> {
    const head = Buffer.alloc(bytes);
    const { bytesRead } = await this.#handle.read(head, 0, bytes, 0);
    return head.subarray(0, bytesRead);
  }
}
