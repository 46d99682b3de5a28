import type { PageLine } from './source.ts';

const MAX_LINES = 200;
/** Lines a second that are kept for the page: ordinary ones, and those that mean something. */
const ORDINARY_PER_SECOND = 10;
const NOTABLE_PER_SECOND = 20;

/** The last lines with what became of them. Of a fast stream it keeps a few a second, so that it costs nothing. */
export class RecentLines {
  readonly #lines: PageLine[] = [];
  #next = 1;
  #second = 0;
  #ordinaryLeft = ORDINARY_PER_SECOND;
  #notableLeft = NOTABLE_PER_SECOND;

  /** Whether a line that came now would be kept; asked before its text is made. */
  wants(notable: boolean, nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#ordinaryLeft = ORDINARY_PER_SECOND;
      this.#notableLeft = NOTABLE_PER_SECOND;
    }
    return notable ? this.#notableLeft-- > 0 : this.#ordinaryLeft-- > 0;
  }

  add(line: Omit<PageLine, 'id'>): void {
    this.#lines.push({ id: this.#next++, ...line });
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }

  /** Oldest first; with `after`, those numbered higher. */
  list(after = 0): PageLine[] {
    return this.#lines.filter(({ id }) => id > after);
  }

  get lastId(): number {
    return this.#next - 1;
  }
}
