import { createHash } from 'node:crypto';
import type {
  AttemptKind,
  Detection,
  DetectionKind,
  EvidenceLine,
  Hit,
  Incident,
  IncidentObserver,
  IncidentState,
  IncidentTarget,
  LineRef,
  Severity,
} from '../types.ts';
import { EvidenceLines } from './evidence-lines.ts';

/** How much of one incident is kept in memory; hits with a source, host or port that is over are counted in `overflow`. */
export interface IncidentBounds {
  readonly maxSources: number;
  readonly maxTargets: number;
  readonly maxLines: number;
  readonly maxObservers: number;
  readonly maxWindows: number;
}

export const INCIDENT_BOUNDS: IncidentBounds = {
  // A hundred times the five sources of decoys, and some; thousands in each of hundreds of incidents would be the most memory of all.
  maxSources: 640,
  maxTargets: 4_096,
  maxLines: 64,
  maxObservers: 16,
  // Under `any` by source and host, each address of a network would be one.
  maxWindows: 4_096,
};

/** Source ports kept of one incident. */
const MAX_EXAMPLES = 64;

const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

/** The next severity up; `critical` stays. */
export function raise(severity: Severity): Severity {
  return SEVERITIES[Math.min(SEVERITIES.indexOf(severity) + 1, SEVERITIES.length - 1)]!;
}

/** The graver of two severities. */
export function gravest(a: Severity, b: Severity): Severity {
  return SEVERITIES.indexOf(a) >= SEVERITIES.indexOf(b) ? a : b;
}

type Weight = Pick<OpenIncident, 'severity' | 'hostIps' | 'count'>;

/** Sorts the graver in front; of two that are as grave the one on more hosts, then the one of more packets. */
export function byGravity(a: Weight, b: Weight): number {
  return (
    SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
    b.hostIps.size - a.hostIps.size ||
    b.count - a.count
  );
}

/** What an incident is from its first moment on. */
type Beginning = Pick<
  Incident,
  'identifier' | 'kind' | 'ruleId' | 'openedAtMs' | 'firstSeenMs' | 'severity' | 'sentence'
> & { readonly openedBy: string };

/** How an incident begins that a detection opens. */
export function beginningOf(
  { identifier, kind, ruleId, hits, sentence }: Detection,
  severity: Severity,
): Beginning {
  const opening = hits[hits.length - 1]!;
  const openedAtMs = opening.attempt.atMs;
  const firstSeenMs = hits[0]!.attempt.atMs;
  return {
    identifier,
    kind,
    ruleId,
    openedAtMs,
    firstSeenMs,
    openedBy: opening.sourceIp,
    severity,
    sentence,
  };
}

function fill<Value>(set: Set<Value>, values: Iterable<Value>): void {
  for (const value of values) set.add(value);
}

/** Adds a value while there is room; whether it is in the set now. */
function remember<Value>(set: Set<Value>, value: Value, max: number): boolean {
  if (set.size < max) set.add(value);
  return set.has(value);
}

function targetKey({ ip, port, transport }: Pick<IncidentTarget, 'ip' | 'port' | 'transport'>): string {
  return `${ip} ${port} ${transport}`;
}

function observerKey({ address, hostname, product, rule }: IncidentObserver): string {
  return `${address} ${hostname} ${product} ${rule}`;
}

type Target = { -readonly [K in keyof IncidentTarget]: IncidentTarget[K] };

/** An incident that still changes. All collections are bounded; `snapshot` gives the value other stages see. */
export class OpenIncident {
  readonly id: string;
  readonly identifier: string;
  readonly kind: DetectionKind;
  readonly ruleId: string;
  readonly openedAtMs: number;
  /** The source whose hit met the condition. */
  readonly openedBy: string;
  state: IncidentState = 'open';
  severity: Severity;
  firstSeenMs: number;
  lastSeenMs: number;
  /**
   * The correlator's clock when the last hit came, or that hit's time if it is later: a delayed log must not close an incident it
   * still feeds. Never ahead of a clock that was set back, as `lastSeenMs` may be.
   */
  touchedMs = Number.NEGATIVE_INFINITY;
  settled = false;
  /** When its silence is looked at next. */
  lookAtMs = Number.NEGATIVE_INFINITY;
  /** Severity levels already added for its size. */
  grownLevels = 0;
  count = 0;
  readonly remarks = new Set<string>();
  readonly sources = new Set<string>();
  readonly hostIps = new Set<string>();
  /** Keys of windows whose condition was met. */
  readonly #windows = new Set<string>();
  #overflow = 0;
  /** Hits counted at `lastSeenMs`. */
  #lastSeenHits = 0;
  /** `lastSeenMs` of the snapshot it was resumed from, and how many of the hits it has counted at that time are still to come again. */
  #resumedAtMs = Number.NEGATIVE_INFINITY;
  #toComeAgain = 0;
  readonly #sentence: string;
  readonly #bounds: IncidentBounds;
  readonly #targets = new Map<string, Target>();
  #lines: EvidenceLines;
  readonly #sourcePorts = new Set<number>();
  readonly #flags = new Set<string>();
  readonly #transports = new Set<string>();
  readonly #kinds = new Set<AttemptKind>();
  readonly #observers = new Map<string, IncidentObserver>();

  constructor(beginning: Beginning, bounds: IncidentBounds = INCIDENT_BOUNDS) {
    this.identifier = beginning.identifier;
    this.kind = beginning.kind;
    this.ruleId = beginning.ruleId;
    this.openedAtMs = beginning.openedAtMs;
    this.openedBy = beginning.openedBy;
    this.firstSeenMs = beginning.firstSeenMs;
    this.lastSeenMs = this.openedAtMs;
    this.severity = beginning.severity;
    this.#sentence = beginning.sentence;
    this.#bounds = bounds;
    this.#lines = new EvidenceLines(bounds.maxLines);
    // Derived from what happened, not drawn: a replay and a restart give the same incident the same name.
    this.id = createHash('sha256').update(`${this.identifier} ${this.openedAtMs}`).digest('hex').slice(0, 12);
  }

  /** The incident an earlier run left open, as its last snapshot tells. */
  static resume(incident: Incident): OpenIncident {
    const openedBy = incident.resume?.openedBy ?? incident.sources[0] ?? '';
    const opened = new OpenIncident({ ...incident, openedBy });
    opened.touchedMs = incident.resume?.touchedMs ?? incident.lastSeenMs;
    opened.state = incident.state;
    opened.settled = incident.resume?.settled ?? true;
    opened.grownLevels = incident.resume?.grownLevels ?? 0;
    opened.lastSeenMs = incident.lastSeenMs;
    opened.#lastSeenHits = incident.resume?.lastSeenHits ?? Number.POSITIVE_INFINITY;
    opened.#resumedAtMs = opened.lastSeenMs;
    opened.#toComeAgain = opened.#lastSeenHits;
    opened.count = incident.count;
    opened.#overflow = incident.overflow;
    opened.#lines = new EvidenceLines(opened.#bounds.maxLines, incident.lines, incident.lineCount);
    for (const key of incident.resume?.keys ?? []) opened.addWindow(key);
    fill(opened.remarks, incident.remarks);
    fill(opened.sources, incident.sources);
    fill(
      opened.hostIps,
      incident.targets.map(({ ip }) => ip),
    );
    fill(opened.#sourcePorts, incident.sourcePorts);
    fill(opened.#flags, incident.tcpFlags);
    fill(opened.#transports, incident.transports);
    fill(opened.#kinds, incident.kinds ?? []);
    for (const target of incident.targets) opened.#targets.set(targetKey(target), { ...target });
    for (const observer of incident.observers) opened.#observers.set(observerKey(observer), observer);
    return opened;
  }

  /** A window's condition was met: its later hits belong here. */
  addWindow(key: string): void {
    remember(this.#windows, key, this.#bounds.maxWindows);
  }

  /** Whether hits of a window belong here. Of a source with so many windows they all do: no more are told apart. */
  hasWindow(key: string): boolean {
    return this.#windows.has(key) || this.#windows.size >= this.#bounds.maxWindows;
  }

  windows(): Iterable<string> {
    return this.#windows;
  }

  get targetCount(): number {
    return this.#targets.size;
  }

  /** Whether a hit that comes again after a restart is one its snapshot has counted; to be asked once for each of its windows' hits. */
  hasCounted(atMs: number): boolean {
    if (atMs !== this.#resumedAtMs) return atMs < this.#resumedAtMs;
    if (this.#toComeAgain === 0) return false;
    this.#toComeAgain--;
    return true;
  }

  add(hit: Hit, lineOf: (ref: LineRef) => EvidenceLine | undefined): void {
    const { attempt } = hit;
    this.firstSeenMs = Math.min(this.firstSeenMs, attempt.atMs);
    if (attempt.atMs > this.lastSeenMs) {
      this.lastSeenMs = attempt.atMs;
      this.#lastSeenHits = 0;
    }
    if (attempt.atMs === this.lastSeenMs) this.#lastSeenHits++;
    this.count += attempt.count;
    this.#lines.add(attempt, lineOf);
    const kept = [
      remember(this.sources, hit.sourceIp, this.#bounds.maxSources),
      remember(this.hostIps, hit.host.ip, this.#bounds.maxTargets),
      this.#addTarget(hit),
    ];
    if (kept.includes(false)) this.#overflow++;
    // Of these a few are told as examples; nobody counts them.
    if (attempt.source.port !== undefined) remember(this.#sourcePorts, attempt.source.port, MAX_EXAMPLES);
    if (attempt.tcpFlags !== undefined) remember(this.#flags, attempt.tcpFlags.join(' ') || 'none', 16);
    if (attempt.transport !== undefined) remember(this.#transports, attempt.transport, 16);
    this.#kinds.add(attempt.kind);
    if (attempt.spoofed) this.remarks.add('the device that logged it calls the source address forged');
    this.#addObserver(hit);
  }

  snapshot(): Incident {
    const targets = [...this.#targets.values()].map((target) => ({ ...target }));
    return {
      id: this.id,
      identifier: this.identifier,
      kind: this.kind,
      ruleId: this.ruleId,
      severity: this.severity,
      state: this.state,
      openedAtMs: this.openedAtMs,
      firstSeenMs: this.firstSeenMs,
      lastSeenMs: this.lastSeenMs,
      count: this.count,
      lineCount: this.#lines.count,
      sources: [...this.sources],
      targets,
      transports: [...this.#transports].sort(),
      kinds: [...this.#kinds].sort(),
      ports: [...new Set(targets.map((target) => target.port))]
        .filter((port) => port >= 0)
        .sort((a, b) => a - b),
      sourcePorts: [...this.#sourcePorts].sort((a, b) => a - b),
      tcpFlags: [...this.#flags],
      observers: [...this.#observers.values()],
      lines: this.#lines.list(),
      sentence: this.#sentence,
      remarks: [...this.remarks],
      overflow: this.#overflow,
      ...(this.state === 'closed' ? {} : { resume: this.#resumption() }),
    };
  }

  #resumption(): NonNullable<Incident['resume']> {
    const { settled, grownLevels, openedBy, touchedMs } = this;
    const seen = this.#lastSeenHits;
    return {
      keys: [...this.#windows],
      settled,
      grownLevels,
      openedBy,
      touchedMs,
      // A snapshot of an earlier release does not say.
      ...(Number.isFinite(seen) ? { lastSeenHits: seen } : {}),
    };
  }

  /** Whether there is room for the target, or it is there. */
  #addTarget(hit: Hit): boolean {
    const { transport } = hit.attempt;
    const key = targetKey({
      ip: hit.host.ip,
      port: hit.port,
      ...(transport === undefined ? {} : { transport }),
    });
    const known = this.#targets.get(key);
    if (known !== undefined) {
      known.count += hit.attempt.count;
      return true;
    }
    if (this.#targets.size >= this.#bounds.maxTargets) return false;
    this.#targets.set(key, {
      ip: hit.host.ip,
      ...(hit.host.name === undefined ? {} : { name: hit.host.name }),
      port: hit.port,
      ...(hit.attempt.transport === undefined ? {} : { transport: hit.attempt.transport }),
      count: hit.attempt.count,
      firstSeenMs: hit.attempt.atMs,
    });
    return true;
  }

  #addObserver(hit: Hit): void {
    const { observer, product, rule } = hit.attempt;
    const reporter: IncidentObserver = { ...observer, product, ...(rule === undefined ? {} : { rule }) };
    const key = observerKey(reporter);
    if (this.#observers.has(key) || this.#observers.size >= this.#bounds.maxObservers) return;
    this.#observers.set(key, reporter);
  }
}
