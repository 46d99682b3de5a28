import { readSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { gunzipped } from './gunzipped.ts';

/** Complete lines in a buffer that the reader owns: use them before asking for the next block. */
export interface LineBlock {
  readonly buffer: Buffer;
  readonly start: number;
  /** One past the last octet; the last line may lack its LF at the end of the file. */
  readonly end: number;
}

/** The longest line that is not cut to pieces. */
const BLOCK_BYTES = 1 << 20;
/**
 * How much is read at once: what fits a processor's cache is still there when it is looked at. Reads end at multiples of
 * this, wherever they begin.
 */
export const READ_BYTES = 128 << 10;

/** What a file begins with that is packed as we can not unpack it. */
const PACKED = [
  { by: 'xz', begin: '\xfd7zXZ\0', unpack: 'xzcat' },
  { by: 'bzip2', begin: 'BZh91AY&SY', unpack: 'bzcat' },
  { by: 'zstd', begin: '\x28\xb5\x2f\xfd', unpack: 'zstdcat' },
];

/** Fills part of a buffer; 0 at the end. */
type Read = (buffer: Buffer, offset: number, length: number) => Promise<number>;

/** Reads from an iterator of chunks as if it were a file. */
function readChunks(chunks: AsyncIterator<Buffer>): Read {
  let chunk: Buffer = Buffer.alloc(0);
  return async (buffer, offset, length) => {
    while (chunk.length === 0) {
      const next = await chunks.next();
      if (next.done) return 0;
      chunk = next.value;
    }
    const bytes = chunk.copy(buffer, offset, 0, length);
    chunk = chunk.subarray(bytes);
    return bytes;
  };
}

/** A log file, plain or gzip (told by its first bytes, not its name), or standard input for `-`; read in blocks of whole lines. */
export class LogFile {
  readonly path: string;
  /** Size on disk and last modification, when it is a file. */
  readonly sizeBytes: number | undefined;
  readonly modifiedMs: number | undefined;
  /** Octets taken from the disk so far; for progress. */
  readBytes = 0;
  /** Of a plain file on disk: what threads can read it by, each from its own position. */
  readonly fd: number | undefined;
  readonly #read: Read;
  readonly #close: () => Promise<void>;
  readonly #buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #tailStart = 0;
  #tailEnd = 0;
  #ended = false;
  /** Where a plain file on disk is read next. */
  #position = 0;

  private constructor(
    path: string,
    read: Read,
    close: () => Promise<void>,
    info: { sizeBytes?: number; modifiedMs?: number; fd?: number },
  ) {
    this.path = path;
    this.#read = read;
    this.#close = close;
    this.sizeBytes = info.sizeBytes;
    this.modifiedMs = info.modifiedMs;
    this.fd = info.fd;
  }

  /** Rejects when there is no such file or it is a directory. */
  static async open(path: string): Promise<LogFile> {
    if (path === '-') {
      const chunks = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      const close = async () => {
        // Whoever writes may go on: a program that has read enough must not wait for that.
        await chunks.return?.();
      };
      return LogFile.#counted('-', readChunks(chunks), close, {});
    }
    const info = await stat(path);
    if (info.isDirectory()) throw new Error(`${path} is a directory: name the files in it`);
    const handle = await open(path, 'r');
    const magic = Buffer.alloc(10);
    // At position 0, so that the file's own position stays there; a pipe has none and is not asked.
    const { bytesRead } = await handle.read(magic, 0, magic.length, 0).catch(() => ({ bytesRead: 0 }));
    const about = { sizeBytes: info.size, modifiedMs: info.mtimeMs };
    const packed = PACKED.find(({ begin }) =>
      magic.subarray(0, bytesRead).toString('latin1').startsWith(begin),
    );
    if (packed !== undefined) {
      await handle.close();
      throw new Error(
        `${path} is packed with ${packed.by}; unpack it: ${packed.unpack} ${path} | knockwatch replay -`,
      );
    }
    if (bytesRead >= 2 && magic[0] === 0x1f && magic[1] === 0x8b) {
      let file: LogFile | undefined;
      const chunks = gunzipped(handle, path, (bytes) => {
        if (file !== undefined) file.readBytes += bytes;
      });
      file = new LogFile(path, readChunks(chunks), () => handle.close(), about);
      return file;
    }
    let file: LogFile;
    const read: Read = async (buffer, offset, length) => {
      // A read of a file on disk through the thread pool costs four times the read itself; a pipe may have to be waited for.
      if (info.isFile()) return readSync(handle.fd, buffer, offset, length, file.#position);
      const { bytesRead: bytes } = await handle.read(buffer, offset, length, null);
      return bytes;
    };
    const fd = info.isFile() ? { fd: handle.fd } : {};
    file = LogFile.#counted(path, read, () => handle.close(), { ...about, ...fd });
    return file;
  }

  static #counted(
    path: string,
    read: Read,
    close: () => Promise<void>,
    info: { sizeBytes?: number; modifiedMs?: number; fd?: number },
  ): LogFile {
    const file: LogFile = new LogFile(
      path,
      async (buffer, offset, length) => {
        const bytes = await read(buffer, offset, length);
        file.readBytes += bytes;
        file.#position += bytes;
        return bytes;
      },
      close,
      info,
    );
    return file;
  }

  /** The next block of whole lines, or undefined at the end. A line longer than a block comes in pieces. Rejects when reading fails. */
  async next(): Promise<LineBlock | undefined> {
    if (this.#ended) return undefined;
    let filled = this.#tailEnd - this.#tailStart;
    this.#buffer.copy(this.#buffer, 0, this.#tailStart, this.#tailEnd);
    for (;;) {
      const wanted = READ_BYTES - (this.#position % READ_BYTES);
      const bytes = await this.#read(this.#buffer, filled, Math.min(wanted, BLOCK_BYTES - filled));
      if (bytes === 0) {
        this.#ended = true;
        await this.#close();
        return filled === 0 ? undefined : { buffer: this.#buffer, start: 0, end: filled };
      }
      const lastLf = this.#buffer.lastIndexOf(10, filled + bytes - 1);
      const end = lastLf >= filled ? lastLf + 1 : filled + bytes === BLOCK_BYTES ? BLOCK_BYTES : 0;
      filled += bytes;
      if (end === 0) continue;
      this.#tailStart = end;
      this.#tailEnd = filled;
      return { buffer: this.#buffer, start: 0, end };
    }
  }

  /** Goes on at a position, in octets, of a plain file on disk. */
  seek(position: number): void {
    this.readBytes = position;
    this.#position = position;
    this.#tailStart = 0;
    this.#tailEnd = 0;
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#close();
  }
}

/** Calls `take` for every line of a block, without its LF or CR LF; empty lines are passed on too, they count as lines. */
export function forEachLine(block: LineBlock, take: (line: Buffer) => void): void {
  let start = block.start;
  while (start < block.end) {
    let end = block.buffer.indexOf(10, start);
    if (end < 0 || end > block.end) end = block.end;
    const stop = end > start && block.buffer[end - 1] === 13 ? end - 1 : end;
    take(block.buffer.subarray(start, stop));
    start = end + 1;
  }
}

/** Where a line begins and ends in its window; the end is the position of its LF. */
export interface LineSpan {
  readonly start: number;
  readonly end: number;
}

/** Some whole lines of a block, as octets and as latin1 text, one character an octet; positions are relative to the window. */
export class LineWindow {
  /** Where in the block's buffer it begins. */
  readonly offset: number;
  readonly length: number;
  readonly #octets: Buffer;
  #text: string | undefined;

  constructor(buffer: Buffer, start: number, end: number) {
    this.offset = start;
    this.length = end - start;
    this.#octets = buffer.subarray(start, end);
  }

  /** Made when first asked for: it costs as much as reading the octets. */
  get text(): string {
    this.#text ??= this.#octets.toString('latin1');
    return this.#text;
  }

  /**
   * A block in windows that end with the last line in front of each multiple of `everyBytes` in the file, or with the next
   * where a line is longer: however the file is cut into blocks, the windows are the same. `position`: where the block begins.
   */
  static *of({ buffer, start, end }: LineBlock, everyBytes: number, position = 0): Generator<LineWindow> {
    const next = everyBytes - (position % everyBytes);
    for (let from = start, limit = start + next; from < end; limit += everyBytes) {
      const to = limit >= end ? end : buffer.lastIndexOf(10, limit - 1) + 1;
      if (to <= from) continue;
      yield new LineWindow(buffer, from, to);
      from = to;
    }
  }

  /** Where a text in latin1 next begins, or -1. */
  indexOf(text: string, from: number): number {
    return this.#octets.indexOf(text, from, 'latin1');
  }

  /** The line a position is in. */
  lineAt(at: number): LineSpan {
    const octets = this.#octets;
    const start = at === 0 ? 0 : octets.lastIndexOf(10, at - 1) + 1;
    const lf = octets.indexOf(10, at);
    return { start, end: lf < 0 ? this.length : lf };
  }

  /** The line whose LF, if it has one, is right before a position. */
  lineBefore(at: number): LineSpan {
    return this.lineAt(at - 1);
  }

  /** A line's octets, without CR. */
  octets({ start, end }: LineSpan): Buffer {
    const octets = this.#octets;
    const stop = end > start && octets[end - 1] === 13 ? end - 1 : end;
    return octets.subarray(start, stop);
  }

  /** How many lines begin in a part of the window that begins with one. */
  count(from: number, to: number): number {
    let lines = 0;
    for (let at = from; at < to; lines++) {
      const lf = this.#octets.indexOf(10, at);
      at = lf < 0 ? to : lf + 1;
    }
    return lines;
  }
}
