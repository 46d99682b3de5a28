import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { listArchive } from './archive-files.ts';
import { inChainOrder } from './archive-verify.ts';
import { PRIVATE_MODE } from './private-files.ts';
import { endTar, type TarMember, writeTarMember } from './ustar.ts';

const README = `Evidence exported by knockwatch.

evidence-YYYY-MM-DD.jsonl(.gz)  one UTC day of received log lines, one JSON object a line, as archived:
  seq         number of the record; 1, 2, 3 ... without gaps
  receivedAt  when the line was received (UTC)
  sender, port, transport  from whom and how (for files: path and line)
  raw         the line's octets as text; rawBase64 instead, in Base64, when they are no valid UTF-8
  incident    the incident it belongs to, when that was known
  prev        sha256 of the record before
  sha256      SHA-256 of this line as it stands, with ,"sha256":"..." taken out

Check the files:     sha256sum -c SHA256SUMS
Check one record:    sed -n 7p FILE | sed 's/,"sha256":"[0-9a-f]*"}$/}/' | tr -d '\\n' | sha256sum
Check the chain:     knockwatch archive verify DIRECTORY
`;

export interface ArchiveExport {
  /** Names in the tar, README and checksums included. */
  readonly members: readonly string[];
  /** SHA-256 of the tar itself. */
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Writes the days `from` to `to` (UTC, `2026-11-23`, both included) of an archive as a tar: the files as they are, so that the
 * chain stays provable, with checksums and a note on how to check. The tar is made 0600 and must not exist; throws (and leaves
 * nothing behind) when it does or when there is nothing to export. Of the day still being written what is on disk goes in.
 */
export async function exportArchive(
  directory: string,
  from: string,
  to: string,
  outTar: string,
): Promise<ArchiveExport> {
  const files = await inChainOrder(
    (await listArchive(directory)).filter(({ day, size }) => day >= from && day <= to && size > 0),
  );
  if (files.length === 0) throw new Error(`the archive has no file from ${from} to ${to}`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const out = await open(outTar, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, PRIVATE_MODE);
  try {
    await out.chmod(PRIVATE_MODE);
    const modifiedMs = Date.parse(`${files.at(-1)!.day}T00:00:00Z`);
    const readme = Buffer.from(README);
    const members: TarMember[] = [{ name: 'README.txt', size: readme.length, modifiedMs, content: readme }];
    for (const { name, path, day, size, compressed } of files) {
      const whole = compressed ? size : await wholeLines(path, size);
      members.push({ name, size: whole, modifiedMs: Date.parse(`${day}T00:00:00Z`), content: { path } });
    }
    const sums: string[] = [];
    for (const member of members) sums.push(`${await addMember(out, member)}  ${member.name}\n`);
    const list = Buffer.from(sums.join(''));
    await addMember(out, { name: 'SHA256SUMS', size: list.length, modifiedMs, content: list });
    await endTar(out);
    await out.sync();
    return { members: [...members.map(({ name }) => name), 'SHA256SUMS'], ...(await describeFile(outTar)) };
  } catch (error) {
    await unlink(outTar).catch(() => undefined);
    throw error;
  } finally {
    await out.close();
  }
}

async function addMember(out: FileHandle, member: TarMember): Promise<string> {
  const hash = createHash('sha256');
  await writeTarMember(out, member, (chunk) => hash.update(chunk));
  return hash.digest('hex');
}

/** Octets of a file up to its last line end: a record being written is left out. */
async function wholeLines(path: string, size: number): Promise<number> {
  const handle = await open(path, 'r');
  try {
    const block = Buffer.alloc(64 * 1024);
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - block.length);
      const { bytesRead } = await handle.read(block, 0, end - start, start);
      const at = block.subarray(0, bytesRead).lastIndexOf(10);
      if (at >= 0) return start + at + 1;
      end = start;
    }
    return 0;
  } finally {
    await handle.close();
  }
}

async function describeFile(path: string): Promise<{ sha256: string; bytes: number }> {
  const handle = await open(path, 'r');
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of handle.createReadStream()) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { sha256: hash.digest('hex'), bytes };
}
