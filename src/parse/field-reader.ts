import { decimalBetween } from './decimal.ts';

const SPACE = 32;
const LESS = 60;
const GREATER = 62;

/**
 * Reads `KEY=value ` tokens in the order they are asked for. It never searches: a key counts only where the reader
 * stands, so a key inside a log prefix, a bracket or another token is never mistaken for a field.
 */
export class FieldReader {
  readonly text: string;
  #at: number;
  #bad = false;

  constructor(text: string, at: number) {
    this.text = text;
    this.#at = at;
  }

  /** Index of the next unread character. */
  get at(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at >= this.text.length;
  }

  /** Whether a number field read so far was not the number it must be. */
  get bad(): boolean {
    return this.#bad;
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.#at);
  }

  /** The value of `key` (written with its `=`) when it stands here; else undefined and nothing is read. */
  take(key: string): string | undefined {
    if (!this.text.startsWith(key, this.#at)) return undefined;
    this.#at += key.length;
    return this.word();
  }

  /** A number field, 0 to `max`. Absent: undefined. Not such a number: undefined, and `bad` from now on. */
  number(key: string, max: number): number | undefined {
    if (!this.text.startsWith(key, this.#at)) return undefined;
    const from = this.#at + key.length;
    const end = this.#wordEnd(from);
    const value = decimalBetween(this.text, from, end, max);
    this.#skipTo(end);
    if (value >= 0) return value;
    this.#bad = true;
    return undefined;
  }

  /** The text up to the next blank or the end; empty at the end. */
  word(): string {
    const from = this.#at;
    const end = this.#wordEnd(from);
    this.#skipTo(end);
    return this.text.slice(from, end);
  }

  /** Goes back to where the reader stood before, `at`. */
  back(at: number): void {
    this.#at = at;
  }

  /** Skips a `[...]` that starts here, nested brackets included; one that never closes takes the rest of the line. */
  skipBrackets(): void {
    if (!this.startsWith('[')) return;
    let depth = 0;
    for (; this.#at < this.text.length; this.#at++) {
      const c = this.text.charCodeAt(this.#at);
      if (c === 91) depth++;
      else if (c === 93 && --depth === 0) break;
    }
    this.#skipTo(this.#at + 1);
  }

  #wordEnd(from: number): number {
    const end = this.text.indexOf(' ', from);
    return end < 0 ? this.text.length : end;
  }

  /** Past blanks too, and the `<1>` that 2.4 kernels leave in a line where they print it in several parts. */
  #skipTo(at: number): void {
    this.#at = at;
    while (this.text.charCodeAt(this.#at) === SPACE) this.#at++;
    if (this.text.charCodeAt(this.#at) === LESS && this.text.charCodeAt(this.#at + 2) === GREATER)
      this.#at += 3;
  }
}
