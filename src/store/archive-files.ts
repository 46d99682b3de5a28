import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { MAX_RECORD_BYTES, readRecord } from './archive-record.ts';

/** One file of the archive, `evidence-2026-11-23.jsonl`, `evidence-2026-11-23.2.jsonl.gz` ... */
export interface ArchiveFile {
  readonly name: string;
  readonly path: string;
  /** UTC day, `2026-11-23`. */
  readonly day: string;
  /** 1, or more when a day was closed and opened again (the clock was set back). */
  readonly part: number;
  readonly compressed: boolean;
  readonly size: number;
}

const FILE_NAME = /^evidence-(\d{4}-\d{2}-\d{2})(?:\.([2-9]|[1-9]\d{1,3}))?\.jsonl(\.gz)?$/;

export function archiveFileName(day: string, part: number): string {
  return part === 1 ? `evidence-${day}.jsonl` : `evidence-${day}.${part}.jsonl`;
}

/** The archive's files in order of day and part; a directory that does not exist has none. */
export async function listArchive(directory: string): Promise<ArchiveFile[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files: ArchiveFile[] = [];
  for (const name of names) {
    const match = FILE_NAME.exec(name);
    if (match === null) continue;
    const path = join(directory, name);
    const info = await stat(path).catch(() => undefined);
    if (info === undefined || !info.isFile()) continue;
    files.push({
      name,
      path,
      day: match[1]!,
      part: Number(match[2] ?? 1),
      compressed: match[3] !== undefined,
      size: info.size,
    });
  }
  return files.sort((a, b) => (a.day === b.day ? a.part - b.part : a.day < b.day ? -1 : 1));
}

/** One line of a file as it stands there. `overlong` lines were cut at the bound, an `unfinished` one has no LF. */
export interface ArchiveLine {
  readonly bytes: Buffer;
  /** 1-based. */
  readonly number: number;
  readonly overlong: boolean;
  readonly unfinished: boolean;
}

/** The lines of a file, decompressed on the way, in bounded memory. Throws when the file or its compression is damaged. */
export async function* archiveLines(file: ArchiveFile, size = file.size): AsyncGenerator<ArchiveLine> {
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  let overlong = false;
  for await (const chunk of contents(file, size)) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const bytes = Buffer.concat([rest, chunk.subarray(from, end)]);
      number++;
      yield { bytes, number, overlong, unfinished: false };
      rest = Buffer.alloc(0);
      overlong = false;
      from = end + 1;
    }
    if (rest.length + chunk.length - from > MAX_RECORD_BYTES) overlong = true;
    else rest = Buffer.concat([rest, chunk.subarray(from)]);
  }
  if (rest.length > 0 || overlong) yield { bytes: rest, number: number + 1, overlong, unfinished: true };
}

/** The file's octets, decompressed; a plain file only up to `size`, so that what is being appended is not half read. */
async function* contents(file: ArchiveFile, size: number): AsyncGenerator<Buffer> {
  if (!file.compressed && size === 0) return;
  const source = createReadStream(file.path, file.compressed ? {} : { end: size - 1 });
  const stream = file.compressed ? pipeline(source, createGunzip(), () => undefined) : source;
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } finally {
    source.destroy();
    stream.destroy();
  }
}

/** Sequence number of a file's first sound record, or Infinity when it has none: the order of the files. */
export async function firstSequence(file: ArchiveFile): Promise<number> {
  try {
    for await (const line of archiveLines(file)) {
      const read = readRecord(line.bytes);
      if (read.ok) return read.record.seq;
      if (line.number >= 100) break;
    }
  } catch {
    // Damaged: whoever reads it in earnest says so.
  }
  return Number.POSITIVE_INFINITY;
}
