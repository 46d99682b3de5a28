import { Correlator, type CorrelatorOptions } from '../correlate/correlator.ts';
import type { Transition } from '../correlate/incidents.ts';
import type { Rule } from '../rule.ts';
import { decodeIncident, encodeIncident, parseObject } from '../store/record-codec.ts';
import { WINDOW_SLACK_MS } from '../store/redis/hit-windows.ts';
import type { Lease, LoggedHit, PartitionStore } from '../store/redis/partition-store.ts';
import type { EvidenceLine, Hit, Incident, LineRef } from '../types.ts';
import { KnownNames } from './known-names.ts';
import { decodeSharedHit, type SharedHit } from './logged-hit.ts';
import { longestWindowMs } from './routing.ts';
import { idAfter, StreamTrim } from './stream-trim.ts';
import { type Tell, Teller } from './teller.ts';

export interface PartitionOptions extends Omit<CorrelatorOptions, 'onTransition' | 'lineOf'> {
  readonly rules: readonly Rule[];
  readonly lines: {
    keep(line: EvidenceLine): LineRef;
    get(ref: LineRef): EvidenceLine | undefined;
  };
  /** How long beyond its window a hit may wait in Redis; see `HitWindowsOptions`. */
  readonly slackMs?: number;
  /** Tells people. Resolves once that is certain to happen; is called again when it rejects. */
  readonly onTransition: (incident: Incident, transition: Transition) => Promise<void>;
  /** Open incidents that have changed since the last checkpoint. */
  readonly onChanged: (incidents: readonly Incident[]) => void;
}

/** The checkpoint, beside open incidents and what was told of them. */
interface State {
  /** How far the clock had come; null before the first hit. */
  readonly clockMs: number | null;
  /** The newest hit that was read. */
  readonly readId: string;
  /** Hits read that were ahead of the clock. */
  readonly early: readonly string[];
  /** Hits that were held to be put in order, in order of arrival. */
  readonly held: readonly string[];
  /** What was still to be told. */
  readonly tells: readonly { readonly incident: string; readonly transition: Transition }[];
}

const START: State = { clockMs: null, readId: '0-0', early: [], held: [], tells: [] };
/** Hits are kept longer than they may wait by this much: clocks differ. */
const CLOCKS_DIFFER_MS = 60_000;
type Early = SharedHit & { readonly id: string; readonly waited: boolean };

/**
 * One partition in the hands of its owner: an ordinary correlator that is given the hits in order of receipt, as one process
 * would have received them, because the clock only goes as far as every node has handed over. Everything it needs to go
 * on elsewhere is in its checkpoint and the stream.
 */
export class Partition {
  readonly number: number;
  readonly lease: Lease;
  readonly #store: PartitionStore;
  readonly #options: PartitionOptions;
  readonly #correlator: Correlator;
  readonly #ids = new WeakMap<Hit, string>();
  readonly #names = new KnownNames();
  readonly #trim = new StreamTrim();
  readonly #teller: Teller;
  #longestMs: number;
  readonly #slackMs: number;
  #early: Early[] = [];
  #readId = START.readId;
  #toTellFirst: Tell[] = [];
  readonly #open = new Map<string, Incident>();
  readonly #closed = new Set<string>();
  readonly #ledger = new Map<string, string | undefined>();
  #left = false;

  constructor(number: number, lease: Lease, store: PartitionStore, options: PartitionOptions) {
    this.number = number;
    this.lease = lease;
    this.#store = store;
    this.#options = options;
    this.#longestMs = longestWindowMs(options.rules);
    this.#slackMs = options.slackMs ?? WINDOW_SLACK_MS;
    this.#teller = new Teller(options.onTransition);
    this.#correlator = new Correlator(options.rules, {
      ...options,
      lineOf: (ref) => options.lines.get(ref),
      onTransition: (incident, transition) => this.#onTransition(incident, transition),
    });
  }

  /** Goes on where the last owner's checkpoint is; gives what people were told of its incidents. */
  async restore(): Promise<readonly string[]> {
    const { state: text, open, ledger } = await this.#store.load();
    const state: State = { ...START, ...parseObject<Partial<State>>(text ?? '') };
    const held = new Set(state.held);
    const early = new Set(state.early);
    const judged: Hit[] = [];
    const toHold = new Map<string, Early>();
    for (let page = await this.#store.read('0-0'); ; page = await this.#store.read(page.hits.at(-1)!.id)) {
      for (const logged of page.hits) {
        if (idAfter(logged.id, state.readId)) continue;
        this.#noteRead(logged.id);
        const shared = this.#decode(logged);
        if (shared === undefined) continue;
        if (early.has(logged.id)) this.#early.push(shared);
        else if (held.has(logged.id)) toHold.set(logged.id, shared);
        else judged.push(shared.hit);
      }
      if (!page.more) break;
    }
    const incidents = [...open.values()]
      .flatMap((each) => decodeIncident(each) ?? [])
      .sort((a, b) => a.openedAtMs - b.openedAtMs);
    const orphans = this.#correlator.restore(
      {
        clockMs: state.clockMs ?? Number.NEGATIVE_INFINITY,
        held: state.held.flatMap((id) => toHold.get(id) ?? []),
        incidents,
      },
      judged,
    );
    this.#readId = state.readId;
    const untold = state.tells.flatMap(({ incident: told, transition }): Tell[] => {
      const incident = decodeIncident(told);
      return incident === undefined ? [] : [{ incident, transition }];
    });
    this.#toTellFirst = [...untold, ...orphans.map((orphan) => this.#endOf(orphan))];
    return [...ledger.values()];
  }

  /** After `restore`: what the last owner had not told for certain is told now. */
  begin(): void {
    for (const { incident, transition } of this.#toTellFirst) this.#teller.tell(incident, transition);
    this.#toTellFirst = [];
  }

  /** Reads what was handed over, and judges everything that was received up to the watermark. */
  async advance(watermarkMs: number): Promise<void> {
    for (let more = true; more && !this.#left; ) {
      const page = await this.#store.read(this.#readId);
      more = page.more;
      for (const logged of page.hits) {
        this.#noteRead(logged.id);
        const shared = this.#decode(logged);
        if (shared !== undefined) this.#early.push(shared);
      }
      // A page at a time while catching up: what has waited long does not depend on what comes after.
    }
    if (this.#left || !Number.isFinite(watermarkMs)) return;
    const ready = this.#early.filter(({ clockMs }) => clockMs <= watermarkMs);
    if (ready.length > 0) this.#early = this.#early.filter(({ clockMs }) => clockMs > watermarkMs);
    for (const { hit, clockMs, waited } of ready.sort((a, b) => a.clockMs - b.clockMs)) {
      this.#correlator.advance(clockMs);
      this.#correlator.add(hit, clockMs, waited);
    }
    this.#correlator.advance(watermarkMs);
    this.#names.forget(watermarkMs, this.#longestMs + this.#slackMs);
  }

  /** Writes down how far this is; false when the partition is somebody else's by now. */
  async checkpoint(): Promise<boolean> {
    for (const incident of this.#correlator.takeChanged()) this.#open.set(incident.id, incident);
    const { clockMs, held } = this.#correlator.pending();
    const open = new Map(this.#open);
    const closed = [...this.#closed];
    const ledger = new Map(this.#ledger);
    const state: State = {
      clockMs: Number.isFinite(clockMs) ? clockMs : null,
      readId: this.#readId,
      early: this.#early.map(({ id }) => id),
      held: held.map(({ hit }) => this.#ids.get(hit) ?? ''),
      tells: this.#teller.pending.map(({ incident, transition }) => ({
        incident: encodeIncident(incident),
        transition,
      })),
    };
    const kept = await this.#store.save(this.lease, {
      state: JSON.stringify(state),
      open: new Map([...open].map(([id, incident]) => [id, encodeIncident(incident)])),
      closed,
      ledger,
      trimBefore: this.#trimBefore(clockMs, state),
    });
    if (!kept) return false;
    if (open.size > 0) this.#options.onChanged([...open.values()]);
    for (const [id, incident] of open) if (this.#open.get(id) === incident) this.#open.delete(id);
    for (const id of closed) this.#closed.delete(id);
    for (const [id, text] of ledger) if (this.#ledger.get(id) === text) this.#ledger.delete(id);
    return true;
  }

  /** What people were told about one of its incidents; undefined when that need not be remembered any more. */
  noteTold(incidentId: string, record: string | undefined): void {
    this.#ledger.set(incidentId, record);
  }

  /** Goes on with other rules. */
  reload(rules: readonly Rule[]): void {
    this.#longestMs = Math.max(this.#longestMs, longestWindowMs(rules));
    this.#correlator.reload(rules);
  }

  /** Judges no more, and does not try again to tell anybody: somebody else does. */
  leave(): void {
    this.#left = true;
    this.#teller.stop();
  }

  get correlator(): Correlator {
    return this.#correlator;
  }

  #decode({ id, payload, waited }: LoggedHit): Early | undefined {
    const shared = decodeSharedHit(payload);
    if (shared === undefined || !this.#names.isNew(shared.name)) return undefined;
    const line = shared.line === undefined ? { sequence: 0 } : this.#options.lines.keep(shared.line);
    const hit = { ...shared.hit, attempt: { ...shared.hit.attempt, line } };
    this.#ids.set(hit, id);
    return { ...shared, hit, id, waited };
  }

  #onTransition(incident: Incident, transition: Transition): void {
    if (transition === 'closed') {
      this.#open.delete(incident.id);
      this.#closed.add(incident.id);
    } else this.#open.set(incident.id, incident);
    this.#teller.tell(incident, transition);
  }

  /** An incident of a rule that is gone: the next owner has not heard of that rule, and nothing can feed it any more. */
  #endOf({ resume: _gone, ...incident }: Incident): Tell {
    this.#closed.add(incident.id);
    return { incident: { ...incident, state: 'closed' }, transition: 'closed' };
  }

  #noteRead(id: string): void {
    this.#readId = id;
    this.#trim.noteRead(id);
  }

  /** Hits before it lie in no window any more, or are too many; none that is still to be judged is among them. */
  #trimBefore(clockMs: number, { readId, early, held }: State): string {
    const windowMs = this.#longestMs + this.#options.latenessMs + this.#slackMs;
    const needed = [readId, ...early, ...held].filter((id) => id !== '');
    return this.#trim.before(clockMs - windowMs - CLOCKS_DIFFER_MS, needed);
  }
}
