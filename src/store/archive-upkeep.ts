import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type ArchiveFile, listArchive } from './archive-files.ts';
import { PRIVATE_MODE } from './private-files.ts';

/** Makes `<file>.gz` out of a closed day and removes the plain file; the compressed one appears whole or not at all. */
export async function compressFile(file: ArchiveFile, signal: AbortSignal): Promise<void> {
  const tmp = `${file.path}.gz.tmp`;
  await unlink(tmp).catch(() => undefined);
  const out = createWriteStream(tmp, { flags: 'wx', mode: PRIVATE_MODE, flush: true });
  await pipeline(createReadStream(file.path), createGzip(), out, { signal });
  await chmod(tmp, PRIVATE_MODE);
  await rename(tmp, `${file.path}.gz`);
  await unlink(file.path);
}

/** Removes the oldest closed files over a total size or before a day; returns their names. The newest file always stays. */
export async function trimArchive(
  directory: string,
  keepFromDay: string,
  maxBytes: number,
  currentName: string,
): Promise<string[]> {
  const files = await listArchive(directory);
  let total = files.reduce((sum, file) => sum + file.size, 0);
  const removed: string[] = [];
  for (const file of files) {
    if (file.name === currentName || (file.day >= keepFromDay && total <= maxBytes)) continue;
    await unlink(join(directory, file.name));
    total -= file.size;
    removed.push(file.name);
  }
  return removed;
}
