import { open, unlink } from 'node:fs/promises';
import { type ArchiveFile, archiveLines, firstSequence, listArchive } from './archive-files.ts';
import { type ChainHead, GENESIS, MAX_RECORD_BYTES, readRecord } from './archive-record.ts';
import { basicIso, PRIVATE_FLAGS, PRIVATE_MODE, setAside } from './private-files.ts';
import type { StoreEvent } from './store.ts';

/** Where writing goes on after a start. */
export interface Resumption {
  readonly head: ChainHead;
  /** The plain file the newest record is in, and how many of its octets are sound. */
  readonly file?: ArchiveFile;
  readonly length: number;
  /** Plain files of earlier days, still to be compressed. */
  readonly uncompressed: readonly ArchiveFile[];
}

/**
 * Finds the newest record after whatever happened before: leftovers of an unfinished compression are removed, a torn last
 * record is set aside in a file of its own, a file without any sound record at its end is set aside whole.
 * Only the end of the newest plain file is read, so a large archive starts as fast as a small one.
 */
export async function resumeArchive(
  directory: string,
  nowMs: number,
  onEvent: (event: StoreEvent) => void,
): Promise<Resumption> {
  const files = await listArchive(directory);
  const plain = files.filter((file) => !file.compressed);
  for (const file of plain) await removeLeftovers(file);
  const firsts = new Map<ArchiveFile, number>();
  for (const file of plain) firsts.set(file, file.size === 0 ? -1 : await firstSequence(file));
  plain.sort((a, b) => firsts.get(a)! - firsts.get(b)!);

  while (plain.length > 0) {
    const newest = plain.pop()!;
    if (newest.size === 0) {
      await unlink(newest.path);
      continue;
    }
    const found = await soundEnd(newest);
    if (found === undefined) {
      const to = setAside(newest.path, nowMs);
      onEvent({
        kind: 'archive-damaged',
        because: `no sound record at the end of ${newest.name}; kept as ${to}`,
        path: to,
      });
      continue;
    }
    if (found.torn.length > 0) await cutTail(newest, found, nowMs, onEvent);
    if (found.missingLf) await appendLf(newest, found.length);
    return {
      head: found.head,
      file: newest,
      length: found.length + (found.missingLf ? 1 : 0),
      uncompressed: plain,
    };
  }
  return { head: await compressedHead(files), length: 0, uncompressed: [] };
}

/** A `.gz` beside its plain file was not finished, or finished and the plain file not yet removed: the plain one counts. */
async function removeLeftovers(file: ArchiveFile): Promise<void> {
  for (const suffix of ['.gz', '.gz.tmp']) await unlink(`${file.path}${suffix}`).catch(() => undefined);
}

interface SoundEnd {
  readonly head: ChainHead;
  readonly length: number;
  readonly torn: Buffer;
  /** The last record is whole and only its LF is missing. */
  readonly missingLf: boolean;
}

/** The last sound record within the end of a file, and what stands behind it. */
async function soundEnd(file: ArchiveFile): Promise<SoundEnd | undefined> {
  const handle = await open(file.path, 'r');
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - 2 * MAX_RECORD_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    const bytes = buffer.subarray(0, bytesRead);
    for (let end = bytes.length; end > 0; ) {
      const begin = bytes.lastIndexOf(10, end - 1) + 1;
      const read = readRecord(bytes.subarray(begin, end));
      if (read.ok) {
        const missingLf = end === bytes.length;
        const length = start + end + (missingLf ? 0 : 1);
        return {
          head: { seq: read.record.seq, sha256: read.record.sha256 },
          length,
          torn: bytes.subarray(end + 1),
          missingLf,
        };
      }
      end = begin - 1;
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

async function cutTail(
  file: ArchiveFile,
  found: SoundEnd,
  nowMs: number,
  onEvent: (event: StoreEvent) => void,
): Promise<void> {
  const path = `${file.path}.torn.${basicIso(nowMs)}`;
  const kept = await open(path, PRIVATE_FLAGS, PRIVATE_MODE);
  await kept.writeFile(found.torn);
  await kept.sync();
  await kept.close();
  const handle = await open(file.path, 'r+');
  await handle.truncate(found.length);
  await handle.sync();
  await handle.close();
  onEvent({
    kind: 'archive-torn',
    because: `${found.torn.length} bytes behind record ${found.head.seq} of ${file.name} were not a record; kept as ${path}`,
    path,
  });
}

async function appendLf(file: ArchiveFile, length: number): Promise<void> {
  const handle = await open(file.path, 'r+');
  await handle.write('\n', length);
  await handle.close();
}

/** Without a plain file the newest record is at the end of the newest compressed one. */
async function compressedHead(files: readonly ArchiveFile[]): Promise<ChainHead> {
  for (const file of files.filter((candidate) => candidate.compressed).reverse()) {
    let head: ChainHead | undefined;
    try {
      for await (const line of archiveLines(file)) {
        const read = readRecord(line.bytes);
        if (read.ok) head = { seq: read.record.seq, sha256: read.record.sha256 };
      }
    } catch {
      // Damaged at its end: the last sound record counts, `verify` names the damage.
    }
    if (head !== undefined) return head;
  }
  return { seq: 0, sha256: GENESIS };
}
