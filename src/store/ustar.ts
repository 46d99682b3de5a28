import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** A member of a tar archive: its octets at hand, or the first `size` octets of a file. */
export interface TarMember {
  /** At most 100 octets of ASCII. */
  readonly name: string;
  readonly size: number;
  readonly modifiedMs: number;
  readonly content: Buffer | { readonly path: string };
}

const BLOCK = 512;

/**
 * Writes one member in ustar format (POSIX.1-1988, IEEE 1003.1 `pax`); `onChunk` sees its octets. Throws when the file turns
 * out shorter than stated, or when a name or size does not fit the format.
 */
export async function writeTarMember(
  out: FileHandle,
  member: TarMember,
  onChunk: (chunk: Buffer) => void,
): Promise<void> {
  await out.write(tarHeader(member));
  let written = 0;
  for await (const chunk of chunksOf(member)) {
    onChunk(chunk);
    await out.write(chunk);
    written += chunk.length;
  }
  if (written !== member.size)
    throw new Error(`${member.name} has ${written} bytes instead of ${member.size}`);
  const padding = (BLOCK - (written % BLOCK)) % BLOCK;
  if (padding > 0) await out.write(Buffer.alloc(padding));
}

/** The two empty blocks that end a tar archive. */
export async function endTar(out: FileHandle): Promise<void> {
  await out.write(Buffer.alloc(2 * BLOCK));
}

async function* chunksOf({ content, size }: TarMember): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(content)) yield content;
  else if (size > 0)
    for await (const chunk of createReadStream(content.path, { end: size - 1 })) yield chunk as Buffer;
}

function tarHeader({ name, size, modifiedMs }: TarMember): Buffer {
  if (name.length > 100 || !/^[\x21-\x7e]+$/.test(name))
    throw new RangeError(`not a name for a tar member: ${name}`);
  if (size > 0o77777777777) throw new RangeError(`${name} is too large for the ustar format`);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number) =>
    header.write(value.toString(8).padStart(length - 1, '0'), offset, 'ascii');
  header.write(name, 0, 'ascii');
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.max(0, Math.floor(modifiedMs / 1000)), 136, 12);
  header.write('        ', 148, 'ascii');
  header.write('0', 156, 'ascii');
  header.write('ustar\u000000', 257, 'ascii');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return header;
}
