import { archiveLines, listArchive } from '../store/archive-files.ts';
import { type ArchiveRecord, rawBytes, readRecord } from '../store/archive-record.ts';
import { inChainOrder } from '../store/archive-verify.ts';
import type { Frame } from '../types.ts';

/**
 * What an archive directory holds, as it was received, oldest first; the daemon may be writing to it. What is no sound record
 * is passed over: `knockwatch archive verify` is there to find it. Throws the disk's errors.
 */
export async function* archivedFrames(directory: string): AsyncGenerator<Frame> {
  for (const file of await inChainOrder(await listArchive(directory)))
    for await (const { bytes, overlong } of archiveLines(file)) {
      const read = overlong ? undefined : readRecord(bytes);
      const frame = read?.ok ? frameOf(read.record) : undefined;
      if (frame !== undefined) yield frame;
    }
}

/** Undefined for the archive's own notes. */
function frameOf(record: ArchiveRecord): Frame | undefined {
  const { receivedAt, sender, port, transport, raw, rawBase64, truncated } = record;
  const receivedAtMs = Date.parse(receivedAt);
  if (sender === undefined || (raw === undefined && rawBase64 === undefined) || Number.isNaN(receivedAtMs))
    return undefined;
  return {
    bytes: rawBytes(record),
    receivedAtMs,
    peer: { address: sender, ...(port === undefined ? {} : { port }) },
    transport: transport as Frame['transport'],
    ...(truncated === undefined ? {} : { truncated }),
  };
}
