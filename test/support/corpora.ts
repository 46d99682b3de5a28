import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { canonicalIp } from '../../src/lib/ip.ts';
import { parse } from '../../src/parse/index.ts';
import type { ParseResult } from '../../src/parse/parser.ts';
import { decodeLine } from './decode-line.ts';

/** Public sample lines, read where they lie; they are not part of this project. */
export const CORPORA = '../shared/corpora';
export const hasCorpora = existsSync(CORPORA);
if (!hasCorpora) console.log(`${CORPORA} is not there: the tests that read public sample lines are skipped`);

/** The lines of a corpus file, blank ones kept so that numbers stay right. */
export function linesOf(file: string): string[] {
  return readFileSync(`${CORPORA}/${file}`, 'utf8').split('\n');
}

/** Every file of sample lines, by its path below the corpora; expected answers and notes on their origin left out. */
export function corpusFiles(): string[] {
  if (!hasCorpora) return [];
  return readdirSync(CORPORA, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/SOURCE|\.assert$/.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(CORPORA.length + 1))
    .sort();
}

/** The log lines of any corpus file, taken out of what it keeps them in; answers, headings and blank lines left out. */
export function logLinesOf(file: string): string[] {
  const lines = linesOf(file).filter((line) => line.trim() !== '');
  if (file.endsWith('.jsonl'))
    return lines.flatMap((json) => {
      const { line, message } = JSON.parse(json) as { line?: string; message?: unknown };
      return line ?? (typeof message === 'string' ? message : []);
    });
  if (file.endsWith('.ini'))
    return lines.flatMap((line) => /^log \d+ (?:pass|fail) = (.*)$/.exec(line)?.[1] ?? []);
  return lines
    .flatMap((line) => (file.startsWith('fail2ban/') ? line.split(/(?=# failJSON: )/) : line))
    .filter((line) => !line.startsWith('# '));
}

/** What the product makes of a line: decoded, then tried on every parser. */
export function parseLine(line: string): ParseResult | undefined {
  return parse(decodeLine(line), { prefixes: [] });
}

/** The facts two readings of a line are compared on; undefined ones are left out. */
export interface Facts {
  readonly outcome: 'attempt' | 'malformed' | 'ignored' | 'foreign' | 'loss';
  readonly action?: string | undefined;
  readonly transport?: string | undefined;
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  readonly sourcePort?: number | undefined;
  readonly destinationPort?: number | undefined;
}

/** A result as facts. */
export function factsOf(result: ParseResult | undefined): Facts {
  if (result?.kind !== 'attempt') return { outcome: result?.kind ?? 'foreign' };
  const { attempt } = result;
  return withoutUndefined({
    outcome: 'attempt',
    action: attempt.action,
    transport: attempt.transport ?? String(attempt.protocolNumber),
    source: attempt.source.ip,
    destination: attempt.destination.ip,
    sourcePort: attempt.source.port,
    destinationPort: attempt.destination.port,
  });
}

/** The same object without the keys whose value is undefined. */
export function withoutUndefined(value: Facts): Facts {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as unknown as Facts;
}

/** One `results["stage"]["parser"][i]` of a crowdsec parser.assert: success and the fields its grammar found. */
export interface CrowdsecResult {
  readonly success: boolean;
  readonly fields: Readonly<Record<string, string>>;
}

/** Reads a crowdsec parser.assert; index = line of the sample file, blank lines not counted. */
export function crowdsecResults(folder: string, stage: string, parser: string): CrowdsecResult[] {
  const results: { success: boolean; fields: Record<string, string> }[] = [];
  const head = `results["${stage}"]["${parser}"][`;
  for (const line of linesOf(`crowdsec-hub/${folder}/parser.assert`)) {
    if (!line.startsWith(head)) continue;
    const [, index, path, value] = /^(\d+)\]\.(.*?) == (.*)$/.exec(line.slice(head.length)) ?? [];
    if (index === undefined || path === undefined || value === undefined) continue;
    results[Number(index)] ??= { success: false, fields: {} };
    const result = results[Number(index)]!;
    if (path === 'Success') result.success = value === 'true';
    const name = /^Evt\.Parsed\["(\w+)"\]$/.exec(path)?.[1];
    if (name !== undefined) result.fields[name] = JSON.parse(value);
  }
  return results;
}

/** crowdsec's field names as facts. */
export function factsOfCrowdsec({ success, fields }: CrowdsecResult): Facts {
  if (!success) return { outcome: 'malformed' };
  const number = (text: string | undefined) => (text === undefined || text === '' ? undefined : Number(text));
  return withoutUndefined({
    outcome: 'attempt',
    action: actionOfWord(fields.action),
    transport: (fields.proto ?? fields.ip6_proto)?.toLowerCase(),
    source: canonicalIp(fields.src_ip ?? ''),
    destination: canonicalIp(fields.dst_ip ?? ''),
    sourcePort: number(fields.src_port),
    destinationPort: number(fields.dst_port),
  });
}

function actionOfWord(word: string | undefined): string | undefined {
  if (word === undefined) return undefined;
  if (/^(?:D|drop|reject|block|.*-reject)$/i.test(word)) return 'denied';
  return /^(?:A|accept|pass)$/i.test(word) ? 'allowed' : 'unknown';
}
