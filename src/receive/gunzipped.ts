import type { FileHandle } from 'node:fs/promises';
import { createGunzip, type Gunzip } from 'node:zlib';

/** A gzip file that grows beyond this factor is a bomb, not a log (logs reach about 60). */
const MAX_EXPANSION = 1_000;
const EXPANSION_FREE_BYTES = 64 << 20;
/** What is unpacked at once: a bomb makes 32 MiB of it before anybody counts. */
const PIECE_BYTES = 32 << 10;

/** Where a file can not be unpacked any more. */
class Broken extends Error {
  /** Where the piece that could not be unpacked begins in the packed file. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/**
 * Unpacks a gzip file of any number of members; `onRead` hears how many packed octets were taken. All that can be unpacked is
 * given before it throws, with how much that was: for damage, a cut, garbage behind the end, a bomb.
 */
export async function* gunzipped(
  handle: FileHandle,
  path: string,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let given = 0;
  try {
    try {
      for await (const chunk of unpack(handle, Number.POSITIVE_INFINITY, onRead)) {
        given += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      // zlib keeps what it had unpacked of the broken piece to itself: once more, an octet at a time where it broke.
      let known = given;
      for await (const chunk of unpack(handle, error.at, () => {})) {
        const fresh = chunk.subarray(Math.min(known, chunk.length));
        known -= chunk.length - fresh.length;
        given += fresh.length;
        if (fresh.length > 0) yield fresh;
      }
    }
  } catch (error) {
    throw new Error(`${path}: unpacking stopped after ${given} bytes: ${(error as Error).message}`);
  }
}

/** Unpacks in pieces, of one octet from `carefulFrom` on. Throws Broken. */
async function* unpack(
  handle: FileHandle,
  carefulFrom: number,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const unpacked: Buffer[] = [];
  let fault: Error | undefined;
  let inBytes = 0;
  let outBytes = 0;
  let isOver = false;
  gunzip.on('data', (chunk: Buffer) => unpacked.push(chunk));
  gunzip.on('error', (error) => {
    fault = error;
  });
  gunzip.on('close', () => {
    isOver = true;
  });
  try {
    while (!isOver) {
      const at = inBytes;
      const packed = Buffer.allocUnsafe(at < carefulFrom ? Math.min(PIECE_BYTES, carefulFrom - at) : 1);
      const { bytesRead } = await handle.read(packed, 0, packed.length, at);
      inBytes += bytesRead;
      onRead(bytesRead);
      await feed(gunzip, packed.subarray(0, bytesRead));
      for (const chunk of unpacked.splice(0)) {
        outBytes += chunk.length;
        if (outBytes > EXPANSION_FREE_BYTES && outBytes > inBytes * MAX_EXPANSION)
          throw new Error(`grows more than ${MAX_EXPANSION}-fold when unpacked: refused`);
        yield chunk;
      }
      if (fault !== undefined) throw new Broken(fault.message, at);
    }
  } finally {
    gunzip.destroy();
  }
}

/** Resolves when a piece has been unpacked as far as it goes; none is the end. */
function feed(gunzip: Gunzip, packed: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      gunzip.off('close', done);
      resolve();
    };
    // It closes early where what follows is no member any more, or is broken.
    gunzip.once('close', done);
    if (packed.length === 0) gunzip.end();
    else gunzip.write(packed, done);
  });
}
