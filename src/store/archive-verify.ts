import { type ArchiveFile, archiveLines, firstSequence, listArchive } from './archive-files.ts';
import { type ArchiveRecord, type ChainHead, type ReadRecord, readRecord } from './archive-record.ts';
import { errorText } from './private-files.ts';

/** One place where the archive is not what was written. */
export interface BrokenRecord {
  readonly file: string;
  /** 1-based; absent when the file as a whole can not be read. */
  readonly line?: number;
  /** The record's own number, when it can still be read. */
  readonly seq?: number;
  readonly because: string;
}

export interface ArchiveVerification {
  readonly files: readonly string[];
  /** Sound records. */
  readonly records: number;
  readonly first?: ArchiveRecord;
  readonly last?: ArchiveRecord;
  /** The first hundred, in order; `broken[0]` is where trust ends. */
  readonly broken: readonly BrokenRecord[];
  readonly brokenCount: number;
}

const MAX_BROKEN = 100;

/**
 * Proves the digest chain of an archive directory (or the directory an export was unpacked into), reading it once. `from` and
 * `to` are UTC days (`2026-11-23`), both included. With `head` the newest record must be that one or come later: nothing was
 * cut off the end.
 */
export async function verifyArchive(
  directory: string,
  from = '',
  to = '9999',
  head?: ChainHead,
): Promise<ArchiveVerification> {
  const files = await inChainOrder(
    (await listArchive(directory)).filter(({ day }) => day >= from && day <= to),
  );
  const chain = new ChainCheck();
  for (const file of files) await chain.read(file);
  if (head !== undefined) chain.expectHead(head);
  return chain.result(files.map(({ name }) => name));
}

/** Files by their first record, oldest first. */
export async function inChainOrder(files: readonly ArchiveFile[]): Promise<ArchiveFile[]> {
  const keyed = [];
  for (const file of files) keyed.push({ file, first: await firstSequence(file) });
  return keyed.sort((a, b) => (a.first === b.first ? 0 : a.first - b.first)).map(({ file }) => file);
}

/** Goes through records in order and notes what does not fit. */
class ChainCheck {
  readonly #broken: BrokenRecord[] = [];
  #brokenCount = 0;
  #records = 0;
  #first: ArchiveRecord | undefined;
  #last: ArchiveRecord | undefined;
  /** Digests the next record may name: after a damaged one, what it said and what it would be. */
  #expected: readonly string[] | undefined;
  #nextSeq: number | undefined;
  #heads = new Map<number, string>();

  async read(file: ArchiveFile): Promise<void> {
    try {
      for await (const line of archiveLines(file)) {
        const read: ReadRecord = line.overlong
          ? { ok: false, because: 'longer than any record', stated: {} }
          : readRecord(line.bytes);
        if (read.ok) this.#sound(file.name, line.number, read.record);
        else this.#damaged(file.name, line.number, read, line.unfinished);
      }
    } catch (error) {
      this.#note({ file: file.name, because: `can not be read to its end: ${errorText(error)}` });
      this.#expected = undefined;
    }
  }

  expectHead(head: ChainHead): void {
    const found = this.#heads.get(head.seq % HEADS);
    const file = 'the end of the archive';
    if (this.#last === undefined || this.#last.seq < head.seq) {
      this.#note({ file, seq: head.seq, because: `record ${head.seq} was written and is not here` });
    } else if (this.#last.seq - head.seq < HEADS && found !== head.sha256) {
      this.#note({ file, seq: head.seq, because: `record ${head.seq} is not the one that was written` });
    }
  }

  result(files: readonly string[]): ArchiveVerification {
    return {
      files,
      records: this.#records,
      ...(this.#first === undefined ? {} : { first: this.#first }),
      ...(this.#last === undefined ? {} : { last: this.#last }),
      broken: this.#broken,
      brokenCount: this.#brokenCount,
    };
  }

  #sound(file: string, line: number, record: ArchiveRecord): void {
    const { seq } = record;
    if (this.#nextSeq !== undefined && seq !== this.#nextSeq) {
      this.#note({ file, line, seq, because: gap(this.#nextSeq, seq) });
    } else if (this.#expected !== undefined && !this.#expected.includes(record.prev)) {
      this.#note({ file, line, seq, because: 'it does not follow the record before it' });
    }
    this.#records++;
    this.#first ??= record;
    this.#last = record;
    this.#expected = [record.sha256];
    this.#nextSeq = seq + 1;
    this.#heads.set(seq % HEADS, record.sha256);
  }

  #damaged(file: string, line: number, read: Extract<ReadRecord, { ok: false }>, unfinished: boolean): void {
    const { seq } = read.stated;
    const because = unfinished ? `${read.because} (the last line has no end)` : read.because;
    this.#note({ file, line, ...(typeof seq === 'number' ? { seq } : {}), because });
    // One damaged record is one fault: the next is held against everything this one may have been.
    this.#expected =
      read.computed === undefined
        ? undefined
        : [read.computed, ...(read.stated.sha256 === undefined ? [] : [read.stated.sha256])];
    if (this.#nextSeq !== undefined) this.#nextSeq++;
  }

  #note(broken: BrokenRecord): void {
    this.#brokenCount++;
    if (this.#broken.length < MAX_BROKEN) this.#broken.push(broken);
  }
}

/** So many newest digests are remembered to compare a known head with. */
const HEADS = 10_000;

function gap(expected: number, found: number): string {
  if (found < expected) return `record ${found} comes again after ${expected - 1}`;
  return found === expected + 1
    ? `record ${expected} is missing before it`
    : `records ${expected} to ${found - 1} are missing before it`;
}
