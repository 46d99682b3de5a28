import { Correlator, type CorrelatorStats, type HitSink } from './correlate/correlator.ts';
import type { Transition } from './correlate/incidents.ts';
import { decode } from './decode/decode.ts';
import { type EventTime, liveEventTime, replayEventTime, statedTime } from './decode/event-time.ts';
import { SenderClocks } from './decode/sender-clocks.ts';
import { BoundedMap } from './lib/bounded-map.ts';
import { offsetMinutes } from './lib/time-zone.ts';
import type { MatchExplanation } from './match/explain-match.ts';
import { compileMatcher, type Matcher } from './match/matcher.ts';
import { compilePrefilter, type Prefilter } from './match/prefilter.ts';
import { parse } from './parse/index.ts';
import type { ParseOptions, ParseResult } from './parse/parser.ts';
import { compilePatterns } from './parse/pattern.ts';
import * as spellings from './parse/spellings.ts';
import type { Rule, RuleSet } from './rule.ts';
import type {
  Attempt,
  ClosedIncident,
  Frame,
  Hit,
  Incident,
  LineKeeper,
  LineRef,
  ParsedAttempt,
  SyslogMessage,
} from './types.ts';

/** Whether lines come as they happen or out of a file: it decides which clock counts. */
export type PipelineMode = 'live' | 'replay';

export interface PipelineOptions {
  readonly mode: PipelineMode;
  readonly ruleSet: RuleSet;
  readonly parse: ParseOptions;
  /** IANA zone of stamps that state none, by sender address; `zone` for all others. */
  readonly zone: string;
  readonly zones: ReadonlyMap<string, string>;
  readonly latenessMs: number;
  readonly settleMs: number;
  readonly quietMs: number;
  readonly maxOpenIncidents: number;
  /** Live only: a stamp further behind its receipt than this is a wrong clock. */
  readonly maxDelayMs: number;
  readonly isOwn: (ip: string) => boolean;
  readonly lines: LineKeeper;
  readonly onTransition: (incident: Incident, transition: Transition) => void;
  /** Where hits go instead of a correlator of its own; then it is this one that tells of transitions. */
  readonly hits?: HitSink;
}

/** What became of one frame, stage by stage; `explain`, the page and the counters all read this. */
export interface Outcome {
  readonly message: SyslogMessage;
  /** Absent when no parser knows the format. */
  readonly result?: ParseResult;
  readonly time?: EventTime;
  readonly attempt?: Attempt;
  readonly hits: readonly Hit[];
}

const NO_HITS: readonly Hit[] = [];

/**
 * Frame in, incidents out: decode -> parse -> match -> correlate, plain calls in that order. Owns no socket, file or
 * timer; the caller says what time it is by the frames' receipt times and by `advance`.
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  #ruleSet: RuleSet;
  #parseOptions: ParseOptions;
  #matcher: Matcher;
  /** Compiled when first asked for. */
  #prefilter: { readonly compiled: Prefilter | undefined } | undefined;
  readonly #correlator: HitSink;
  /** The last attempt of each sender, for "last message repeated N times". */
  readonly #lastAttempts = new BoundedMap<string, { attempt: ParsedAttempt | undefined; count: number }>(
    1_024,
  );
  /** The columns of each sender's table (see ParseOptions). */
  readonly #headers = new BoundedMap<string, readonly string[]>(1_024);
  /** Live only: how wrong each sender's clock is. */
  readonly #clocks = new SenderClocks();
  /** Replay only: the newest event time of a hit so far. */
  #streamMs = Number.NEGATIVE_INFINITY;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#ruleSet = options.ruleSet;
    this.#parseOptions = this.#parseOptionsFor(options.ruleSet);
    this.#matcher = compileMatcher(options.ruleSet);
    this.#correlator =
      options.hits ??
      new Correlator(options.ruleSet.rules, {
        ...options,
        isMachineClock: options.mode === 'live',
        lineOf: (ref) => options.lines.get(ref),
        maxOpen: options.maxOpenIncidents,
      });
  }

  /** Goes on with other rules: windows of unchanged rules and all open incidents are kept. */
  reload(ruleSet: RuleSet): void {
    this.#ruleSet = ruleSet;
    this.#parseOptions = this.#parseOptionsFor(ruleSet);
    this.#matcher = compileMatcher(ruleSet);
    this.#prefilter = undefined;
    this.#correlator.reload(ruleSet.rules);
  }

  /** A rule by its id: one in force, or one that is gone and still has an open incident. */
  rule(id: string): Rule | undefined {
    return this.#correlator.rule(id);
  }

  /** Takes one frame through all stages; `message` when the caller has decoded it already. Never throws for what it contains. */
  process(frame: Frame, message: SyslogMessage = this.decode(frame)): Outcome {
    const result = this.#parse(message, frame);
    if (result === undefined) return { message, hits: NO_HITS };
    if (result.kind !== 'attempt') return { message, result, hits: NO_HITS };
    const time = this.eventTime(timed(message, result.attempt), frame);
    const attempt = toAttempt(result.attempt, message, frame, time);
    if (this.#options.mode === 'live') this.advance(frame.receivedAtMs);
    const hits = this.#matcher.match(attempt);
    if (hits.length === 0) return { message, result, time, attempt, hits };
    // Only lines that touched a watch list are worth their memory.
    attempt.line = this.#options.lines.keep(frame);
    for (const hit of hits) this.#correlator.add(hit, this.#clockOf(frame, time));
    return { message, result, time, attempt, hits };
  }

  /** What tells lines of a sender that can not give a hit; undefined when the rules leave no way to tell. */
  prefilter(sender: string): Prefilter | undefined {
    // A pattern's port need not stand in its line.
    if (this.#parseOptions.patterns !== undefined) return undefined;
    this.#prefilter ??= { compiled: compilePrefilter(this.#ruleSet, spellings) };
    const { compiled } = this.#prefilter;
    return compiled?.appliesTo(sender) ? compiled : undefined;
  }

  /** Takes note of a line that the prefilter ruled out: it ends what a later "last message repeated" could refer to. */
  passOver(frame: Frame, message: SyslogMessage): void {
    this.#remember(senderOf(frame, message), undefined);
  }

  /**
   * The envelope alone. A year-less stamp is resolved against `receivedAtMs`: the latest year that is not after it. A wall
   * time that occurs twice is the one nearer to `nearMs`.
   */
  decode(frame: Frame, nearMs = frame.receivedAtMs): SyslogMessage {
    return decode(frame.bytes, { referenceMs: frame.receivedAtMs, nearMs, zone: this.#zoneOf(frame) });
  }

  /** Whether the clocks of a frame's sender change within so many milliseconds of an instant: its wall times may occur twice. */
  clocksChange(frame: Frame, atMs: number, withinMs: number): boolean {
    const zone = this.#zoneOf(frame);
    return offsetMinutes(atMs - withinMs, zone) !== offsetMinutes(atMs + withinMs, zone);
  }

  /** When the thing a message reports happened, by the clock that counts in this mode. */
  eventTime(message: SyslogMessage, frame: Frame): EventTime {
    if (this.#options.mode === 'replay') {
      return replayEventTime(message, frame.receivedAtMs);
    }
    const stamp = message.timestamp;
    const sender = `${frame.peer.address} ${message.hostname ?? ''}`;
    const skewMs =
      stamp?.quality === 'device' && stamp.epochMs !== undefined
        ? this.#clocks.observe(sender, stamp.epochMs, frame.receivedAtMs)
        : 0;
    return liveEventTime(message, frame.receivedAtMs, skewMs, this.#options);
  }

  /** The time a message states, if it does; which of its stamps that is does not depend on when it came. */
  statedMs(message: SyslogMessage): number | undefined {
    return statedTime(message)?.atMs;
  }

  /** The time that only the body of a message states, for formats that have one there. */
  bodyMs(message: SyslogMessage, frame: Frame): number | undefined {
    const result = parse(message, this.#parseOptionsOf(frame), senderOf(frame, message));
    return result?.kind === 'attempt' ? result.attempt.stampMs : undefined;
  }

  /** The stream's clock has come to `nowMs`: what is due settles and closes. */
  advance(nowMs: number): void {
    this.#correlator.advance(nowMs);
  }

  /** The clock at which `advance` has something to do, if no more lines come; Infinity when never. */
  get nextDueMs(): number {
    return this.#correlator.nextDueMs;
  }

  /** Goes on where an earlier run ended (see Correlator.resume). */
  resume(
    incidents: readonly Incident[],
    hits: readonly Hit[],
    closed: readonly ClosedIncident[] = [],
  ): Incident[] {
    return this.#correlator.resume(incidents, hits, closed);
  }

  /** Open incidents that changed since this was asked last: what a store should know of. */
  takeChanged(): Incident[] {
    return this.#correlator.takeChanged();
  }

  /** The program ends while lines go on coming: first alerts are not waited for, nothing closes. */
  drain(): void {
    this.#correlator.drain();
  }

  /** The stream has ended. */
  flush(): void {
    this.#correlator.flush();
  }

  /** Why each rule does or does not care about an attempt, and how far its windows are. */
  explain(attempt: Attempt): readonly MatchExplanation[] {
    return this.#matcher.explainMatch(attempt);
  }

  /** Senders whose clock is wrong, with the milliseconds added to their stamps. */
  skewedClocks(): (readonly [sender: string, skewMs: number])[] {
    return [...this.#clocks.skewed()];
  }

  /** The open incidents a hit belongs to. */
  incidentsOf(hit: Hit): Incident[] {
    return this.#correlator.incidentsOf(hit);
  }

  progress(hit: Hit): readonly string[] {
    return this.#correlator.progress(hit);
  }

  incidents(): Incident[] {
    return this.#correlator.incidents();
  }

  /** The open incident of an identifier, as it is now. */
  incident(identifier: string): Incident | undefined {
    return this.#correlator.incident(identifier);
  }

  stats(): CorrelatorStats {
    return this.#correlator.stats();
  }

  #zoneOf({ peer }: Frame): string {
    const { zone, zones } = this.#options;
    return zones.get(peer.address) ?? zone;
  }

  #parseOptionsFor({ patterns = [] }: RuleSet): ParseOptions {
    const { parse: options, zone } = this.#options;
    return {
      ...options,
      zone,
      headers: this.#headers,
      ...(patterns.length === 0 ? {} : { patterns: compilePatterns(patterns) }),
    };
  }

  /** With the zone of the frame's sender, where it has one of its own. */
  #parseOptionsOf({ peer }: Frame): ParseOptions {
    const zone = this.#options.zones.get(peer.address);
    return zone === undefined ? this.#parseOptions : { ...this.#parseOptions, zone };
  }

  #parse(message: SyslogMessage, frame: Frame): ParseResult | undefined {
    const sender = senderOf(frame, message);
    const result = parse(message, this.#parseOptionsOf(frame), sender);
    if (result === undefined && message.repeated !== undefined) {
      // "last message repeated N times": the sender's own last attempt once more; `process` multiplies it.
      const { attempt, count = 1 } = this.#lastAttempts.get(sender) ?? {};
      return attempt === undefined ? undefined : { kind: 'attempt', attempt: { ...attempt, count } };
    }
    this.#remember(sender, result?.kind === 'attempt' ? result.attempt : undefined);
    return result;
  }

  /** Written in place: a map that is added to and deleted from at every line keeps V8 from freeing what was in it. */
  #remember(sender: string, attempt: ParsedAttempt | undefined): void {
    const last = this.#lastAttempts.get(sender);
    // What the line itself stands for: `process` writes the product with its own repetitions into the attempt.
    const count = attempt?.count ?? 0;
    if (last !== undefined) Object.assign(last, { attempt, count });
    else if (attempt !== undefined) this.#lastAttempts.set(sender, { attempt, count });
  }

  /** Live, the clock is the receipt; replaying, it is the newest event time of a hit: other lines need not be read for it. */
  #clockOf(frame: Frame, time: EventTime): number {
    if (this.#options.mode === 'live') return frame.receivedAtMs;
    if (time.source !== 'receipt' && time.atMs > this.#streamMs) this.#streamMs = time.atMs;
    return this.#streamMs;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NO_LINE: LineRef = { sequence: 0 };

/**
 * Completes what a parser read, in place: V8 makes a new shape for every copy of an object with that many optional fields,
 * which costs more than decoding and parsing the line.
 */
function toAttempt(
  parsed: ParsedAttempt,
  message: SyslogMessage,
  frame: Frame,
  time: EventTime,
): Mutable<Attempt> {
  const hostname = message.hostname ?? parsed.hostname;
  const { address } = frame.peer;
  const via = frame.transport;
  return Object.assign(parsed, {
    atMs: time.atMs,
    timeSource: time.source,
    observer: hostname === undefined ? { address, via } : { address, via, hostname },
    line: NO_LINE,
    count: parsed.count * (message.repeated ?? 1),
  });
}

/** A time that only the line's body states is as good as a header's. */
function timed(message: SyslogMessage, { stampMs }: ParsedAttempt): SyslogMessage {
  if (message.timestamp !== undefined || stampMs === undefined) return message;
  return {
    ...message,
    timestamp: { epochMs: stampMs, quality: 'device', zone: 'stated', yearInferred: false },
  };
}

function senderOf(frame: Frame, message: SyslogMessage): string {
  return frame.peer.address + (message.hostname ?? '');
}
