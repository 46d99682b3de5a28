import type { Pipeline } from '../pipeline.ts';

/** How often the pipeline is told the time when nothing of it is due. */
const TICK_MS = 250;

/**
 * Tells a live pipeline what time it is while no lines do: several times a second, and at the very moment its next hit is to be
 * judged or its next first alert is due.
 */
export class PipelineClock {
  readonly #pipeline: Pick<Pipeline, 'advance' | 'nextDueMs'>;
  #tick: NodeJS.Timeout | undefined;
  #due: NodeJS.Timeout | undefined;

  constructor(pipeline: Pick<Pipeline, 'advance' | 'nextDueMs'>) {
    this.#pipeline = pipeline;
  }

  start(): void {
    this.#tick = setInterval(() => this.#tell(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#tick);
    clearTimeout(this.#due);
  }

  #tell(): void {
    const nowMs = Date.now();
    this.#pipeline.advance(nowMs);
    clearTimeout(this.#due);
    const waitMs = this.#pipeline.nextDueMs - nowMs;
    // Timers may be early by less than a millisecond.
    if (waitMs < TICK_MS) this.#due = setTimeout(() => this.#tell(), Math.max(1, waitMs));
  }
}
