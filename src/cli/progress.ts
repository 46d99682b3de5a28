import type { LogFile } from '../receive/file.ts';
import type { Io } from './io.ts';

const SHOW_AFTER_MS = 1_000;
const REDRAW_MS = 100;

/** A progress bar on stderr: only on a terminal, only when the work takes over a second. */
export class Progress {
  readonly #io: Io;
  readonly #files: readonly LogFile[];
  readonly #totalBytes: number | undefined;
  readonly #startedMs = performance.now();
  #drawnMs = 0;

  constructor(io: Io, files: readonly LogFile[]) {
    this.#io = io;
    this.#files = files;
    const sizes = files.map((file) => file.sizeBytes);
    this.#totalBytes = sizes.includes(undefined)
      ? undefined
      : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  }

  show(lines: number): void {
    const nowMs = performance.now();
    if (
      !this.#io.stderr.isTTY ||
      nowMs - this.#startedMs < SHOW_AFTER_MS ||
      nowMs - this.#drawnMs < REDRAW_MS
    )
      return;
    this.#drawnMs = nowMs;
    const readBytes = this.#files.reduce((sum, file) => sum + file.readBytes, 0);
    const rate = `${Math.round((lines / (nowMs - this.#startedMs)) * 1_000).toLocaleString('en')} lines/s`;
    this.#io.stderr.write(`\r\x1b[K${this.#bar(readBytes)}${lines.toLocaleString('en')} lines, ${rate}`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#drawnMs > 0) this.#io.stderr.write('\r\x1b[K');
  }

  #bar(readBytes: number): string {
    if (!this.#totalBytes) return '';
    const part = Math.min(1, readBytes / this.#totalBytes);
    const width = 30;
    const full = Math.round(part * width);
    return `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${Math.floor(part * 100)} %  `;
  }
}
