import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { LogFile } from './file.ts';
import { LineSplitter, type OnLine } from './line-splitter.ts';
import { HEAD_BYTES, isTelling, sameBeginning, type TailPosition } from './tail-position.ts';

/** More rotated files than these are not looked at. */
const MOST_FILES = 64;

/** A file that a rotation left beside the log. */
interface Rotated {
  readonly path: string;
  readonly device: number;
  readonly inode: number;
  readonly modifiedMs: number;
}

/**
 * The files to read so that nothing since a position is missed, oldest first: the one the position is in, under its new name, as a
 * copy or compressed, and those rotated after it. Undefined when that one is gone. `current` is the log itself and is left out.
 */
export async function filesSince(
  path: string,
  position: TailPosition,
  current: { readonly device: number; readonly inode: number } | undefined,
): Promise<string[] | undefined> {
  const rotated = await rotatedFiles(path, position.inode, current);
  for (const [index, file] of rotated.entries()) {
    if (await holds(file, position))
      return rotated
        .slice(0, index + 1)
        .map((each) => each.path)
        .reverse();
  }
  return undefined;
}

/** Reads a rotated file, compressed or not, from an offset to its end. */
export async function readRotated(
  path: string,
  offset: number,
  maxBytes: number,
  onLine: OnLine,
): Promise<void> {
  const splitter = new LineSplitter(maxBytes);
  const file = await LogFile.open(path);
  try {
    let at = 0;
    for (let block = await file.next(); block !== undefined; block = await file.next()) {
      const octets = block.buffer.subarray(block.start, block.end);
      splitter.push(octets.subarray(Math.max(0, offset - at)), onLine);
      at += octets.length;
      // A file on disk is read without waiting: everybody else gets a turn here.
      await new Promise((resolve) => setImmediate(resolve));
    }
    splitter.end(onLine);
  } finally {
    await file.close();
  }
}

/** Files beside the log that are named as rotated ones are, and the one with this number whatever its name; newest first. */
async function rotatedFiles(
  path: string,
  inode: number,
  current: { readonly device: number; readonly inode: number } | undefined,
): Promise<Rotated[]> {
  const directory = dirname(path);
  const isRotated = rotationOf(basename(path));
  const entries = await readdir(directory);
  const files = await Promise.all(
    entries.map(async (name): Promise<Rotated | undefined> => {
      const file = join(directory, name);
      const info = await stat(file).catch(() => undefined);
      if (!info?.isFile() || !(isRotated.test(name) || info.ino === inode)) return undefined;
      return { path: file, device: info.dev, inode: info.ino, modifiedMs: info.mtimeMs };
    }),
  );
  return files
    .filter((file) => file !== undefined)
    .filter(({ device, inode }) => device !== current?.device || inode !== current.inode)
    .sort((a, b) => b.modifiedMs - a.modifiedMs || a.path.localeCompare(b.path, 'en', { numeric: true }))
    .slice(0, MOST_FILES);
}

/** Names that logrotate and newsyslog give: `log.1`, `log.2.gz`, `log-20261123`, `log-20261123-1700000000.gz`, `router-20261123.log`. */
function rotationOf(name: string): RegExp {
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  const number = '[.-](?:\\d[\\d.-]{0,30}|old|bak)';
  return new RegExp(
    `^(?:${literal(name)}${number}|${literal(stem)}${number}${literal(extension)})(?:\\.gz)?$`,
  );
}

function literal(text: string): string {
  return text.replace(/[^\w]/g, '\\$&');
}

async function holds(file: Rotated, position: TailPosition): Promise<boolean> {
  const isSameFile = file.device === position.device && file.inode === position.inode;
  if (!isSameFile && !isTelling(position)) return false;
  const head = await headOf(file.path).catch(() => undefined);
  return head !== undefined && sameBeginning(position, head);
}

async function headOf(path: string): Promise<Buffer> {
  const file = await LogFile.open(path);
  try {
    const block = await file.next();
    if (block === undefined) return Buffer.alloc(0);
    return Buffer.from(block.buffer.subarray(block.start, Math.min(block.end, block.start + HEAD_BYTES)));
  } finally {
    await file.close();
  }
}
