import type { Outcome } from '../pipeline.ts';
import type { LineBatch } from '../receive/line-batch.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Frame } from '../types.ts';
import type { DailyDigest } from './daily-digest.ts';
import type { DaemonPageSource } from './page-source.ts';
import type { SenderHealth } from './sender-health.ts';

/** Everybody who counts lines. */
export interface LineCounters {
  readonly telemetry: Telemetry;
  readonly senders: SenderHealth;
  readonly page: DaemonPageSource;
  readonly daily: DailyDigest | undefined;
}

/** Tells everybody who counts what became of each line, so that none of it goes uncounted. */
export class LineTally {
  readonly #counters: LineCounters;

  constructor(counters: LineCounters) {
    this.#counters = counters;
  }

  /** A line was read, and what every stage made of it. */
  read(frame: Frame, outcome: Outcome): void {
    const { telemetry, senders, page, daily } = this.#counters;
    const { message, result, attempt, hits } = outcome;
    const hostname = message.hostname ?? attempt?.hostname;
    senders.observe(frame, hostname, result?.kind ?? 'unknown', message.text);
    telemetry.frameReceived(frame.transport);
    telemetry.lineJudged(result?.kind ?? 'unknown');
    if (frame.truncated) telemetry.dropped('receive', 'truncated');
    if (result?.kind === 'loss') {
      const { parser, count = 1, reason } = result.loss;
      senders.observeLoss(frame, hostname, count, reason);
      telemetry.deviceLost(parser, count, reason);
    }
    if (attempt !== undefined) {
      telemetry.attemptParsed(attempt.parser, attempt.action);
      daily?.add(attempt);
    }
    for (const hit of hits) telemetry.hitMatched(hit.ruleId);
    page.line(frame, outcome);
  }

  /** Lines that touch nothing watched were only counted, because more came than can be read. */
  passedOver({ address, transport, receivedAtMs }: LineBatch, lines: number): void {
    const { telemetry, senders, page } = this.#counters;
    telemetry.frameReceived(transport, lines);
    telemetry.lineJudged('passed-over', lines);
    senders.observePassedOver(address, lines, receivedAtMs);
    page.passedOver(lines);
  }
}
