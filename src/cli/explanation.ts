import type { Config } from '../config/config.ts';
import type { MatchExplanation } from '../match/explain-match.ts';
import { type Outcome, Pipeline } from '../pipeline.ts';
import type { LogFile } from '../receive/file.ts';
import { HALF_A_YEAR_MS, replay } from '../replay/replay.ts';
import type { RuleSet } from '../rule.ts';
import type { Decision, Frame, Incident } from '../types.ts';
import { whyNot } from './attempt-text.ts';
import { pipelineOptions } from './pipeline-options.ts';
import { Verdicts } from './verdicts.ts';

/** What one rule makes of the line; `windows` says how far its detectors are, when it matched. */
export interface RuleExplanation extends MatchExplanation {
  readonly windows: readonly string[];
}

/** Everything every stage says about one line. */
export interface Explanation {
  readonly text: string;
  /** Number in its file, when it was read from one. */
  readonly lineNumber?: number;
  readonly outcome: Outcome;
  /** Why the line is no attempt; empty when it is one. */
  readonly whyNot: string;
  readonly rules: readonly RuleExplanation[];
  /** Open incidents the line belongs to. */
  readonly incidents: readonly Incident[];
  readonly decision: Decision | { readonly send: false; readonly reason: string; readonly because: string };
}

/** Ends a replay at the line that is asked about. */
class Reached extends Error {}

/** Takes a line through a pipeline of its own, after the lines before it, and asks every stage. */
export class Explainer {
  readonly #pipeline: Pipeline;
  readonly #verdicts: Verdicts;
  readonly #maxLineBytes: number;
  readonly #nowMs: number;
  /** The time of the last line that stated one. */
  #lastMs: number | undefined;

  constructor(config: Config, ruleSet: RuleSet, nowMs: number) {
    this.#nowMs = nowMs;
    this.#maxLineBytes = config.limits.maxLineBytes;
    this.#verdicts = new Verdicts(config);
    const options = pipelineOptions(config, ruleSet, 'replay');
    this.#pipeline = new Pipeline({
      ...options,
      latenessMs: Math.max(1, options.latenessMs),
      onTransition: (incident, transition) =>
        this.#verdicts.note(incident, transition, this.#pipeline.rule(incident.ruleId)!),
    });
  }

  /** Replays files up to the first line that `isIt`, and explains that one; undefined when there is none. */
  async find(files: readonly LogFile[], isIt: (frame: Frame) => boolean): Promise<Explanation | undefined> {
    let found: Explanation | undefined;
    try {
      await replay(files, this.#pipeline, {
        maxLineBytes: this.#maxLineBytes,
        nowMs: this.#nowMs,
        keepOpen: true,
        onOutcome: (outcome, frame) => {
          this.#lastMs = outcome.time?.atMs ?? this.#pipeline.statedMs(outcome.message) ?? this.#lastMs;
          if (!isIt(frame)) return;
          found = this.#explain(frame, outcome);
          throw new Reached();
        },
      });
    } catch (error) {
      if (!(error instanceof Reached)) throw error;
    } finally {
      await Promise.all(files.map((file) => file.close()));
    }
    return found;
  }

  /** Explains a line that comes after everything so far. */
  explain(text: string): Explanation {
    const bytes = Buffer.from(text).subarray(0, this.#maxLineBytes);
    const frame: Frame = {
      bytes,
      // The latest instant the line can be from, which settles its year.
      receivedAtMs: this.#lastMs === undefined ? this.#nowMs : this.#lastMs + HALF_A_YEAR_MS,
      peer: { address: '-' },
      transport: 'file',
    };
    const message = this.#pipeline.decode(frame, this.#lastMs);
    if (this.#lastMs === undefined || this.#pipeline.statedMs(message) !== undefined)
      return this.#explain(frame, this.#pipeline.process(frame, message));
    // A line that states no time is from when the line before it is.
    const timed = { ...frame, receivedAtMs: this.#lastMs };
    return this.#explain(timed, this.#pipeline.process(timed, message));
  }

  #explain(frame: Frame, outcome: Outcome): Explanation {
    const { attempt, hits } = outcome;
    // The line's own hit is held still, for late ones: what is decided from here on, it decides.
    this.#verdicts.forgetRecent();
    this.#pipeline.drain();
    const rules = (attempt === undefined ? [] : this.#pipeline.explain(attempt)).map((rule) => {
      const hit = hits.find(({ ruleId }) => ruleId === rule.ruleId);
      return { ...rule, windows: hit === undefined ? [] : this.#pipeline.progress(hit) };
    });
    const incidents = hits.flatMap((hit) => this.#pipeline.incidentsOf(hit));
    const { port } = frame.peer;
    return {
      text: frame.bytes.toString('utf8'),
      ...(port === undefined ? {} : { lineNumber: port }),
      outcome,
      whyNot: whyNot(outcome),
      rules,
      incidents,
      decision: this.#decision(outcome, incidents),
    };
  }

  /** The decision about the first incident that is mailed about, else about any, else why there is none. */
  #decision(outcome: Outcome, incidents: readonly Incident[]): Explanation['decision'] {
    const decisions = incidents.map((incident) =>
      this.#verdicts.about(incident, this.#pipeline.rule(incident.ruleId)!),
    );
    const decision = decisions.find(({ send }) => send) ?? decisions[0];
    if (decision !== undefined) return decision;
    if (outcome.attempt === undefined) return { send: false, reason: 'no-attempt', because: whyNot(outcome) };
    if (outcome.hits.length === 0) return { send: false, reason: 'no-match', because: 'no rule looks at it' };
    return {
      send: false,
      reason: 'condition-not-met',
      because: 'what was seen so far does not meet the condition of any rule',
    };
  }
}
