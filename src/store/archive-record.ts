import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { jsonLine } from '../lib/escape.ts';
import type { Frame } from '../types.ts';

/** What the first record of a chain names as its predecessor. */
export const GENESIS = '0'.repeat(64);

/** Longest line a reader has to expect, in bytes: a 64 KiB frame with every octet escaped, and room around it. */
export const MAX_RECORD_BYTES = 1024 * 1024;

/**
 * One line of the archive: JSON with exactly these keys in this order. `sha256` is the SHA-256 (hex) of the line as written
 * with `,"sha256":"..."` taken out again; because `prev` is the digest of the record before, every digest vouches for
 * everything before it. Anybody can check it with sed and sha256sum.
 */
export interface ArchiveRecord {
  readonly seq: number;
  /** ISO 8601, UTC, milliseconds. */
  readonly receivedAt: string;
  /** Address the frame came from, or the file's path; absent in notes. */
  readonly sender?: string;
  readonly port?: number;
  readonly transport?: string;
  /** The octets as received: as text when they are valid UTF-8, in Base64 otherwise. */
  readonly raw?: string;
  readonly rawBase64?: string;
  /** The receiver cut the frame at its size limit. */
  readonly truncated?: true;
  readonly incident?: string;
  /** The archive's own word, e.g. that records had to be dropped. */
  readonly note?: string;
  readonly prev: string;
  readonly sha256: string;
}

/** Where a chain stands: its newest record. */
export interface ChainHead {
  readonly seq: number;
  readonly sha256: string;
}

/** A record before it is sealed. */
export type RecordBody = Omit<ArchiveRecord, 'seq' | 'prev' | 'sha256'>;

/** The body of a record about a received frame. */
export function frameBody(frame: Frame, incident?: string): RecordBody {
  return {
    receivedAt: new Date(frame.receivedAtMs).toISOString(),
    sender: frame.peer.address,
    ...(frame.peer.port === undefined ? {} : { port: frame.peer.port }),
    transport: frame.transport,
    ...rawFields(frame.bytes),
    ...(frame.truncated ? { truncated: true } : {}),
    ...(incident === undefined ? {} : { incident }),
  };
}

/** Octets as JSON can carry them without loss. */
export function rawFields(bytes: Buffer): { raw: string } | { rawBase64: string } {
  return isUtf8(bytes) ? { raw: bytes.toString('utf8') } : { rawBase64: bytes.toString('base64') };
}

/** The octets again. */
export function rawBytes(fields: { readonly raw?: string; readonly rawBase64?: string }): Buffer {
  return fields.raw !== undefined
    ? Buffer.from(fields.raw, 'utf8')
    : Buffer.from(fields.rawBase64 ?? '', 'base64');
}

/** Seals a body as the successor of `head`: the line to write (with its LF) and the new head. */
export function sealRecord(
  body: RecordBody,
  head: ChainHead,
): { readonly line: Buffer; readonly head: ChainHead } {
  const seq = head.seq + 1;
  const open = jsonLine({ seq, ...body, prev: head.sha256 });
  const sha256 = digest(open);
  return { line: Buffer.from(`${open.slice(0, -1)},"sha256":"${sha256}"}\n`), head: { seq, sha256 } };
}

/** What one line of an archive file is worth on its own, whatever stands around it. */
export type ReadRecord =
  | { readonly ok: true; readonly record: ArchiveRecord }
  /** `stated` is what the line itself claims, for whoever wants to go on after it. */
  | {
      readonly ok: false;
      readonly because: string;
      readonly stated: Partial<ArchiveRecord>;
      readonly computed?: string;
    };

/** Reads one line (without its LF) and checks its digest. */
export function readRecord(line: Buffer): ReadRecord {
  const text = line.toString('latin1');
  const parts = /^(\{.*),"sha256":"([0-9a-f]{64})"\}$/s.exec(text);
  const value = parseJson(line.toString('utf8'));
  if (parts === null || value === undefined)
    return { ok: false, because: 'not a record', stated: value ?? {} };
  const computed = createHash('sha256').update(`${parts[1]}}`, 'latin1').digest('hex');
  if (computed !== parts[2]) {
    return { ok: false, because: 'the digest does not match the record', stated: value, computed };
  }
  if (!isRecord(value)) return { ok: false, because: 'fields are missing', stated: value, computed };
  return { ok: true, record: value };
}

function isRecord(value: Partial<ArchiveRecord>): value is ArchiveRecord {
  return (
    Number.isSafeInteger(value.seq) && typeof value.prev === 'string' && typeof value.receivedAt === 'string'
  );
}

function parseJson(text: string): Partial<ArchiveRecord> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
