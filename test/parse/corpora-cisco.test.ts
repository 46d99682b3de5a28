import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ciscoAsa } from '../../src/parse/cisco-asa.ts';
import { ciscoIos } from '../../src/parse/cisco-ios.ts';
import { ciscoNxos } from '../../src/parse/cisco-nxos.ts';
import { ciscoXr } from '../../src/parse/cisco-xr.ts';
import type { ParseResult } from '../../src/parse/parser.ts';
import { bareMessage } from '../support/bare-message.ts';

/**
 * Public sample lines, read where they lie. What a line must give is derived here a second way: a table of what each
 * message is, and the first addresses and ports that stand in the line. Every difference has a reason below.
 */
const CORPORA = '../shared/corpora';
const PARSERS = [ciscoIos, ciscoAsa, ciscoNxos, ciscoXr];

interface Sample {
  readonly where: string;
  readonly line: string;
  /** Fields the corpus itself expects (logstash). */
  readonly fields?: Readonly<Record<string, string>>;
  /** The decoder the corpus names (wazuh, ossec). */
  readonly decoder?: string;
}

/** What is known to differ from the plain derivation, by file and line. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  ...[73, 74, 75].map(
    (n) => [`sc4s/lines.jsonl:${n}`, 'a template: ##words## where action, protocol and port stand'] as const,
  ),
  [
    'logstash-patterns/messages.jsonl:14',
    'its src_ip is the end that is named first; "outbound" says the other one began',
  ],
  ['wazuh-ruleset/decoder-comment-samples/0065-cisco-ios.log:9', 'ends behind its tag'],
  [
    'wazuh-ruleset/decoder-comment-samples/0065-cisco-ios.log:12',
    'addresses are written xx.xx.xx.xx, and IOS writes no names',
  ],
  ['wazuh-ruleset/decoder-comment-samples/0210-pix.log:4', 'cut before the destination'],
  ['wazuh-ruleset/decoder-comment-samples/0210-pix.log:5', 'cut before the destination'],
  [
    'wazuh-ruleset/decoder-comment-samples/0210-pix.log:9',
    'a sentence in angle brackets where the source stands',
  ],
  [
    'wazuh-ruleset/decoder-comment-samples/0210-pix.log:14',
    'stars where the addresses stand, cut behind them',
  ],
]);

const read = (file: string) => readFileSync(`${CORPORA}/${file}`, 'utf8').split('\n');

function plain(file: string): Sample[] {
  return read(file).flatMap((line, i) => (line === '' ? [] : [{ where: `${file}:${i + 1}`, line }]));
}

function ini(file: string): Sample[] {
  const samples: Sample[] = [];
  let open: Sample[] = [];
  for (const [i, text] of read(file).entries()) {
    const line = /^log \d+ pass = (.*)$/.exec(text)?.[1];
    if (line !== undefined) open.push({ where: `${file}:${i + 1}`, line });
    const decoder = /^decoder = (.*)$/.exec(text)?.[1];
    if (decoder === undefined) continue;
    samples.push(...open.map((sample) => ({ ...sample, decoder })));
    open = [];
  }
  return samples;
}

function json(file: string, wanted: (entry: Record<string, string>) => boolean, key: string): Sample[] {
  return read(file).flatMap((text, i) => {
    const entry = text === '' ? undefined : JSON.parse(text);
    if (entry === undefined || !wanted(entry)) return [];
    return [{ where: `${file}:${i + 1}`, line: entry[key], fields: entry.expected_legacy_fields }];
  });
}

function samples(): Sample[] {
  return [
    ...json(
      'sc4s/lines.jsonl',
      ({ test }) => /^cisco_(ios|asa|pix|fwsm|nx_os|acs)$/.test(test ?? ''),
      'line',
    ),
    ...json('logstash-patterns/messages.jsonl', ({ pattern }) => /^CISCO/.test(pattern ?? ''), 'message'),
    ...ini('wazuh-ruleset/tests/cisco_asa.ini'),
    ...ini('wazuh-ruleset/tests/cisco_ios.ini'),
    ...ini('ossec/pix.ini'),
    ...plain('wazuh-ruleset/decoder-comment-samples/0064-cisco-asa.log'),
    ...plain('wazuh-ruleset/decoder-comment-samples/0065-cisco-ios.log'),
    ...plain('wazuh-ruleset/decoder-comment-samples/0210-pix.log'),
    ...plain('wazuh-ruleset/log-entries/ciscoios'),
    ...plain('wazuh-ruleset/log-entries/cisco-ios-ids'),
  ];
}

const DENIALS = /^(1060(0[1267]|1[0-8]|2[0-3])|3130(01|04|08)|71000[35])$/;
const BY_WORD = /^10610[023]$/;
const ALLOWED = /^(3020(13|15|20)|710002|605005)$/;
const FAILED = /^(605004|113005|113015)$/;
const LOSS = /^(106101|IPACCESSLOGRL|ACLLOG_MAXFLOW_REACHED)$/;
const FTD = /^43000[23]$/;

/** Outcome and action the message's own name promises; `foreign` for a body without any name. */
function promised(line: string): string {
  const firewall = /(?:%|^)(?:ASA|PIX|FWSM|FTD)-(?:\w+-)?\d-(\d{6})/.exec(line)?.[1];
  const router = /%[A-Z0-9_-]+-\d-([A-Z0-9_]+)/.exec(line)?.[1];
  const name = firewall ?? router ?? bareName(line);
  if (name === undefined) return 'foreign';
  if (LOSS.test(name)) return 'loss';
  if (DENIALS.test(name)) return 'denied';
  if (ALLOWED.test(name)) return 'allowed';
  if (FAILED.test(name)) return 'failed';
  if (FTD.test(name)) return /Action: (Allow|Trust)/.test(line) ? 'allowed' : 'denied';
  if (BY_WORD.test(name) || /ACCESSLOG/.test(name))
    return / (permitted|est-allowed) /.test(line) ? 'allowed' : 'denied';
  return 'ignored';
}

/** The three bodies that are read without a tag. */
function bareName(line: string): string | undefined {
  if (/^access-list /.test(line)) return '106100';
  if (/^Deny .* by access-group/.test(line)) return '106023';
  return /^Deny TCP \(no connection\)/.test(line) ? '106015' : undefined;
}

const LITERALS: Readonly<Record<string, string>> = { ssh: '22', telnet: '23', snmp: '161' };

/**
 * `address` or `address:port` of the first two IPv4 addresses of the body, with `/port`, `(port)` or ` port` behind.
 * Cisco's guide on 302013: "outbound" connections began at the end that is named second.
 */
function firstEnds(line: string): string[] {
  const pairs = /SrcIP: ([\d.]+), DstIP: ([\d.]+), SrcPort: (\d+), DstPort: (\d+)/.exec(line);
  if (pairs !== null) return [`${pairs[1]}:${pairs[3]}`, `${pairs[2]}:${pairs[4]}`];
  const user = /user IP = ([\d.]+)$/.exec(line)?.[1];
  if (user !== undefined) return [user];
  const body = line
    .replace(/^.*?[-\d]\d-[A-Z0-9_]{6,}/, '')
    .replace(/ \((?:[\d.]+\/\d+)\)/g, '')
    .replace(/gaddr \S+/, '');
  const ends = [...body.matchAll(/(\d+\.\d+\.\d+\.\d+)(?:(?:\/|\(| (?=\d+ dest| ?\d+$))(\w+))?/g)].slice(
    0,
    2,
  );
  const texts = ends.map(([, ip, port]) =>
    port === undefined || !PORTED.test(line) ? `${ip}` : `${ip}:${LITERALS[port] ?? port}`,
  );
  return line.includes('Built outbound') ? texts.reverse() : texts;
}

/** Lines whose numbers behind the addresses are ports. Logins are tcp and do not say so. */
const PORTED = /\b(tcp|udp|Login)\b/i;

function parse(line: string): ParseResult | undefined {
  const claims = PARSERS.map((parser) => parser.parse(bareMessage(line), { prefixes: [] })).filter(
    (r) => r !== undefined,
  );
  expect(claims.length, 'one parser at most').toBeLessThanOrEqual(1);
  return claims[0];
}

function outcome(result: ParseResult | undefined): string {
  if (result === undefined) return 'foreign';
  return result.kind === 'attempt' ? result.attempt.action : result.kind;
}

/** What differs between the parser's answer and the derivation, as words; empty when nothing does. */
function differences(sample: Sample): string[] {
  const { line, fields, decoder } = sample;
  const result = parse(line);
  const found: string[] = [];
  if (outcome(result) !== promised(line)) found.push(`${promised(line)} became ${outcome(result)}`);
  // OSSEC calls the whole firewall family pix.
  const ours = decoder?.replace(/^pix$/, 'cisco-asa');
  if (ours !== undefined && ours !== parserOf(result))
    found.push(`decoder ${decoder} became ${parserOf(result)}`);
  if (result?.kind !== 'attempt') return found;
  const { source, destination, transport } = result.attempt;
  const got = [source, destination].map(({ ip, port }) => (port === undefined ? `${ip}` : `${ip}:${port}`));
  for (const [i, end] of firstEnds(line).entries())
    if (got[i] !== end) found.push(`end ${i + 1}: ${end} became ${got[i]}`);
  const word = /\b(tcp|udp|icmp)\b/i.exec(line)?.[1]?.toLowerCase();
  if (word !== undefined && transport !== word) found.push(`${word} became ${transport}`);
  const seen: Record<string, string | undefined> = {
    src_ip: source.ip ?? source.name,
    dst_ip: destination.ip ?? destination.name,
    src_interface: result.attempt.ingress,
    dst_interface: result.attempt.egress,
    policy_id: result.attempt.rule,
  };
  for (const [key, value] of Object.entries(fields ?? {})) {
    if (key in seen && seen[key] !== value) found.push(`${key} ${value} became ${seen[key]}`);
  }
  return found;
}

function parserOf(result: ParseResult | undefined): string | undefined {
  if (result?.kind === 'attempt') return result.attempt.parser;
  return result?.kind === 'loss' ? result.loss.parser : result?.parser;
}

const present = existsSync(CORPORA);
if (!present) console.log(`corpora-cisco: ${CORPORA} is not here, skipped`);

describe.runIf(present)('public samples', () => {
  it('give what their names and their text promise, or a difference with a reason', () => {
    const all = samples();
    expect(all.length).toBeGreaterThan(200);
    const unexplained: string[] = [];
    for (const sample of all) {
      const found = differences(sample);
      if (found.length > 0 && !DIFFERENCES.has(sample.where))
        unexplained.push(`${sample.where} ${found.join('; ')} <- ${sample.line}`);
      if (found.length === 0 && DIFFERENCES.has(sample.where))
        unexplained.push(`${sample.where} differs no longer`);
    }
    expect(unexplained).toEqual([]);
  });
});
