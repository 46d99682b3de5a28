import { decodeHit, encodeHit } from '../store/record-codec.ts';
import type { EvidenceLine, Hit } from '../types.ts';

/** A hit as nodes tell each other of it. */
export interface SharedHit {
  /** Which hit it is: node and number. */
  readonly name: string;
  /** The stream's clock at its arrival. */
  readonly clockMs: number;
  readonly hit: Hit;
  readonly line?: EvidenceLine;
}

/** More of a line than a mail shows; the archive of the node that received it has all of it. */
const MAX_LINE_BYTES = 8_192;

/** A hit as text: name, clock, and the hit as the store writes it, with its line cut where it is very long. */
export function encodeSharedHit({ name, clockMs, hit, line }: SharedHit): string {
  const cut = line === undefined ? {} : { line: { ...line, bytes: line.bytes.subarray(0, MAX_LINE_BYTES) } };
  return `${name} ${clockMs} ${encodeHit({ hit, ...cut })}`;
}

/** The hit again, or undefined when the text is damaged. */
export function decodeSharedHit(text: string): SharedHit | undefined {
  const first = text.indexOf(' ');
  const second = text.indexOf(' ', first + 1);
  const clockMs = Number(text.slice(first + 1, second));
  const stored = decodeHit(text.slice(second + 1));
  if (first < 1 || second < 0 || !Number.isFinite(clockMs) || stored === undefined) return undefined;
  return { name: text.slice(0, first), clockMs, ...stored };
}
