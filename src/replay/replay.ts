import { DueQueue } from '../lib/due-queue.ts';
import type { Pipeline } from '../pipeline.ts';
import { forEachLine, type LogFile } from '../receive/file.ts';
import type { Frame, SyslogMessage } from '../types.ts';
import { SearchAhead, type SearchAheadOptions } from './search-ahead.ts';
import { Skim } from './skim.ts';
import { Source, type SourceOptions } from './source.ts';

export { HALF_A_YEAR_MS } from './source.ts';

export interface ReplayOptions extends SourceOptions {
  /**
   * Given: lines that can not touch a watched host and port are only counted here, where a single file is read and the
   * rules allow to tell. Absent: every line is read and has its outcome.
   */
  readonly onPassedOver?: (lines: number) => void;
  /** Given: a large file that is skimmed is searched by a second thread ahead of this one. */
  readonly searchAhead?: SearchAheadOptions;
  /** True: the stream may go on after the last line, so what is open stays open. */
  readonly keepOpen?: boolean;
  /** Now and then, so that progress can be shown. */
  readonly onProgress?: () => void;
}

/**
 * Reads log files through a pipeline in the order of their event times: one file in its own order, several merged, so that
 * rotated files and the logs of several routers can be given in any order. Rejects when a file cannot be read to its end;
 * what was read before has been processed.
 */
export async function replay(
  files: readonly LogFile[],
  pipeline: Pipeline,
  options: ReplayOptions,
): Promise<void> {
  const sources = files.map((file) => new Source(file, pipeline, options));
  if (sources.length === 1) await replayOne(sources[0]!, options);
  else await replayMerged(sources, options);
  if (options.keepOpen !== true) pipeline.flush();
}

async function replayOne(source: Source, options: ReplayOptions): Promise<void> {
  const { file, pipeline } = source;
  const { onPassedOver } = options;
  const prefilter = onPassedOver && pipeline.prefilter(file.path);
  const skim = prefilter && new Skim(source, prefilter, onPassedOver);
  if (prefilter && skim && options.searchAhead !== undefined) {
    const ahead = SearchAhead.of(file, prefilter, skim, options.searchAhead, options.onProgress);
    if (ahead !== undefined) return ahead.run();
  }
  for (let block = await file.next(); block !== undefined; block = await file.next()) {
    if (skim === undefined) forEachLine(block, (line) => source.process(line));
    else skim.take(block);
    options.onProgress?.();
  }
}

/** A line that waits for its turn. */
interface Waiting {
  readonly source: Source;
  readonly frame: Frame;
  readonly message: SyslogMessage;
  readonly rest: AsyncIterator<Buffer>;
}

async function* linesOf(file: LogFile, onProgress: (() => void) | undefined): AsyncGenerator<Buffer> {
  for (let block = await file.next(); block !== undefined; block = await file.next()) {
    const lines: Buffer[] = [];
    forEachLine(block, (line) => lines.push(line));
    yield* lines;
    onProgress?.();
  }
}

async function replayMerged(sources: readonly Source[], options: ReplayOptions): Promise<void> {
  const queue = new DueQueue<Waiting>();
  const advance = async (source: Source, rest: AsyncIterator<Buffer>) => {
    let next = await rest.next();
    for (source.line++; !next.done && next.value.length === 0; source.line++) next = await rest.next();
    if (next.done) return;
    const { frame, message } = source.read(next.value);
    // The first line that states a time says where the file belongs, wherever in the line that is.
    source.lastMs ??= source.pipeline.bodyMs(message, frame);
    queue.push(source.lastMs ?? Number.NEGATIVE_INFINITY, { source, frame, message, rest });
  };
  for (const source of sources) await advance(source, linesOf(source.file, options.onProgress));
  for (
    let due = queue.popDue(Number.POSITIVE_INFINITY);
    due !== undefined;
    due = queue.popDue(Number.POSITIVE_INFINITY)
  ) {
    due.source.processRead(due.frame, due.message);
    await advance(due.source, due.rest);
  }
}
