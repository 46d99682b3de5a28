import { HeavyHitters } from '../lib/heavy-hitters.ts';
import type { TopSeries } from './source.ts';

const STEP_MS = 600_000;
const STEPS = 24 * 6;
const PORTS = 65_536;
/** Sources told apart in one step, and what is kept of a step once it is over. */
const MAX_SOURCES = 2_048;
const KEPT = 64;

interface Step {
  readonly startMs: number;
  readonly ports: ReadonlyMap<string, number>;
  readonly sources: ReadonlyMap<string, number>;
  readonly error: number;
}

/** The most wanted ports and the busiest sources of a day, in steps of ten minutes. Ports are counted exactly while they last. */
export class Tops {
  readonly #tcp = new Uint32Array(PORTS);
  readonly #udp = new Uint32Array(PORTS);
  #sources = new HeavyHitters<string>(MAX_SOURCES);
  #startMs: number;
  /** Steps that are over, oldest first. */
  readonly #steps: Step[] = [];

  constructor(nowMs: number) {
    this.#startMs = nowMs - (nowMs % STEP_MS);
  }

  /** Counts one attempt. `port` is undefined for protocols without. */
  add(source: string | undefined, port: number | undefined, transport: string | undefined): void {
    if (source !== undefined) this.#sources.add(source);
    if (port === undefined) return;
    const counts = transport === 'udp' ? this.#udp : this.#tcp;
    counts[port] = counts[port]! + 1;
  }

  turn(nowMs: number): void {
    const startMs = nowMs - (nowMs % STEP_MS);
    if (startMs <= this.#startMs) return;
    this.#steps.push(this.#underWay());
    while (this.#steps.length > STEPS || (this.#steps[0]?.startMs ?? startMs) < startMs - STEPS * STEP_MS)
      this.#steps.shift();
    this.#tcp.fill(0);
    this.#udp.fill(0);
    this.#sources = new HeavyHitters(MAX_SOURCES);
    this.#startMs = startMs;
  }

  /** The `n` largest of the last `hours`, each with its count in every step. */
  top(of: 'ports' | 'sources', n: number, hours: number, label: (key: string) => string): TopSeries[] {
    const steps = this.#last(hours);
    const totals = new Map<string, number>();
    for (const step of steps)
      for (const [key, count] of step[of]) totals.set(key, (totals.get(key) ?? 0) + count);
    const error = of === 'ports' ? 0 : steps.reduce((sum, step) => sum + step.error, 0);
    return [...totals]
      .sort((a, b) => b[1] - a[1])
      .slice(0, n)
      .map(([key, total]) => ({
        key,
        label: label(key),
        total,
        error,
        counts: steps.map((step) => step[of].get(key) ?? 0),
      }));
  }

  /** When each step of the last `hours` began; the last one is under way. */
  times(hours: number): number[] {
    return this.#last(hours).map(({ startMs }) => startMs);
  }

  get stepMs(): number {
    return STEP_MS;
  }

  /** Attempts of one source that are still remembered. */
  ofSource(ip: string): number {
    return this.#last(24).reduce((sum, { sources }) => sum + (sources.get(ip) ?? 0), 0);
  }

  #last(hours: number): Step[] {
    const since = this.#startMs - hours * 3_600_000;
    return [...this.#steps.filter(({ startMs }) => startMs >= since), this.#underWay()];
  }

  #underWay(): Step {
    return {
      startMs: this.#startMs,
      ports: new Map(
        [...largest(this.#tcp, 'tcp'), ...largest(this.#udp, 'udp')]
          .sort((a, b) => b[1] - a[1])
          .slice(0, KEPT),
      ),
      sources: new Map(this.#sources.top(KEPT)),
      error: this.#sources.error,
    };
  }
}

function* largest(counts: Uint32Array, transport: string): Generator<[key: string, count: number]> {
  for (let port = 0; port < counts.length; port++)
    if (counts[port]! > 0) yield [`${port}/${transport}`, counts[port]!];
}
