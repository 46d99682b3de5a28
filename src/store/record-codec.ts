import { createHash } from 'node:crypto';
import type { EvidenceLine, Hit, Incident, OutboxEntry } from '../types.ts';
import { rawBytes, rawFields } from './archive-record.ts';
import type { StoredHit } from './store.ts';

type StoredLine = Omit<EvidenceLine, 'bytes'> & { readonly raw?: string; readonly rawBase64?: string };

/** An incident as JSON; the octets of its lines as in the archive. */
export function encodeIncident(incident: Incident): string {
  return JSON.stringify({ ...incident, lines: incident.lines.map(encodeLine) });
}

/** The incident again, or undefined when the text is damaged. */
export function decodeIncident(text: string): Incident | undefined {
  const value = parseObject<Omit<Incident, 'lines'> & { lines?: StoredLine[] }>(text);
  if (value === undefined || typeof value.id !== 'string' || !Array.isArray(value.lines)) return undefined;
  return { ...value, lines: value.lines.map(decodeLine) };
}

export function encodeHit({ hit, line }: StoredHit): string {
  const { line: _run, ...attempt } = hit.attempt;
  return JSON.stringify({
    hit: { ...hit, attempt },
    ...(line === undefined ? {} : { line: encodeLine(line) }),
  });
}

/** The hit again, or undefined when the text is damaged. */
export function decodeHit(text: string): StoredHit | undefined {
  const value = parseObject<{ hit?: Hit; line?: StoredLine }>(text);
  if (typeof value?.hit?.attempt?.atMs !== 'number') return undefined;
  // Line numbers of an earlier run mean nothing in this one.
  const hit = { ...value.hit, attempt: { ...value.hit.attempt, line: { sequence: 0 } } };
  return { hit, ...(value.line === undefined ? {} : { line: decodeLine(value.line) }) };
}

export function encodeEntry(entry: OutboxEntry): string {
  return JSON.stringify(entry);
}

/** The entry again, or undefined when the text is damaged. */
export function decodeEntry(text: string): OutboxEntry | undefined {
  const entry = parseObject<OutboxEntry>(text);
  return typeof entry?.alert?.id === 'string' && typeof entry.channel === 'string' ? entry : undefined;
}

/** A record with a checksum in a line behind it: SQLite does not notice a bit that changes inside a text. */
export function seal(text: string): string {
  return `${text}\n${checksum(text)}`;
}

/** The record again, or undefined when it is not what was sealed. */
export function unseal(sealed: string): string | undefined {
  const at = sealed.lastIndexOf('\n');
  const text = sealed.slice(0, at);
  return at >= 0 && sealed.slice(at + 1) === checksum(text) ? text : undefined;
}

/** Sealed bodies of rows as values; `onLost` is told how many can not be read. */
export function decoded<T>(
  rows: readonly { readonly body?: unknown }[],
  decode: (text: string) => T | undefined,
  what: string,
  onLost: (because: string) => void,
): T[] {
  const values = rows
    .map(({ body }) => decode(unseal(String(body)) ?? ''))
    .filter((value) => value !== undefined);
  if (values.length < rows.length) onLost(`${rows.length - values.length} ${what} can not be read`);
  return values;
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** JSON text as an object, or undefined when it is none. */
export function parseObject<T>(text: string): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

function encodeLine({ bytes, ...rest }: EvidenceLine): StoredLine {
  return { ...rest, ...rawFields(bytes) };
}

function decodeLine({ raw, rawBase64, ...rest }: StoredLine): EvidenceLine {
  return { ...rest, bytes: rawBytes({ ...(raw === undefined ? { rawBase64: rawBase64 ?? '' } : { raw }) }) };
}
