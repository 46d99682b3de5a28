import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { configuredLookups } from '../daemon/source-evidence.ts';
import { rdap } from '../evidence/rdap.ts';
import { type Report, renderReport } from '../evidence/report.ts';
import { reverseDns } from '../evidence/reverse-dns.ts';
import { whois } from '../evidence/whois.ts';
import { visible } from '../lib/escape.ts';
import { canonicalIp } from '../lib/ip.ts';
import { MemoryStore } from '../store/memory.ts';
import { knownHead } from '../store/notes.ts';
import { storePath } from '../store/places.ts';
import type { Store } from '../store/store.ts';
import type { Incident } from '../types.ts';
import { configOrFail } from './config-option.ts';
import { CliError, EXIT_FAILURE, EXIT_USAGE, type Io, writeJson } from './io.ts';
import { type StoreOfVerbs, withConfiguredStore } from './open-shared-store.ts';
import { withStore } from './open-store.ts';
import { clocksOf, lookupsOf, maskOf, shareOf, typeOf } from './report-input.ts';
import { linesOf } from './report-lines.ts';

const FORMS = ['complaint', 'evidence', 'xarf'] as const;

interface Options {
  readonly form?: (typeof FORMS)[number];
  readonly source?: string;
  readonly mask?: boolean;
  readonly ask?: boolean;
  readonly json?: boolean;
}

/** What this machine keeps itself, wherever the incidents are. */
type Kept = Pick<Store, 'meta' | 'cached' | 'cache'>;

/** The incident that is meant, and the source the complaint is about. */
function subject(
  store: StoreOfVerbs,
  about: string,
  wanted: string | undefined,
): { incident: Incident; source: string } {
  const ip = canonicalIp(about);
  const incident = ip === undefined ? store.incident(about) : store.incidents({ source: ip, limit: 1 })[0];
  if (incident === undefined)
    throw new CliError(
      EXIT_FAILURE,
      ip === undefined ? `the store has no incident ${about}` : `the store has no incident of ${ip}`,
    );
  const source = ip ?? (wanted === undefined ? incident.sources[0] : canonicalIp(wanted));
  if (source === undefined || !incident.sources.includes(source))
    throw new CliError(
      EXIT_USAGE,
      `${wanted ?? about} is no source of incident ${incident.id}; there are ${incident.sources.slice(0, 10).join(', ')}`,
    );
  return { incident, source };
}

async function reportOf(
  store: StoreOfVerbs,
  kept: Kept,
  config: Config,
  about: string,
  options: Options,
  io: Io,
): Promise<Report> {
  const { incident, source } = subject(store, about, options.source);
  const onFault = (because: string) => io.stderr.write(`${visible(because)}\n`);
  const asked = [
    reverseDns(),
    ...configuredLookups(
      { lookups: { ...config.lookups, reverseDns: false, rdap: false, whois: false, finger: false } },
      onFault,
    ),
    rdap(),
    whois(),
  ];
  const lines = await linesOf(incident, source, config, onFault);
  const { organisation, email, upstream, cert } = config.report;
  const archiveHead = knownHead(kept);
  return renderReport({
    incident: shareOf(incident, lines),
    source,
    lines: lines.map(({ line }) => line),
    lookups: await lookupsOf(source, asked, kept, options.ask === true),
    clocks: clocksOf(lines),
    type: typeOf(lines),
    reporter: { organisation, email },
    cc: { upstream, cert },
    ...(options.mask ? { mask: maskOf(config, incident) } : {}),
    ...(archiveHead === undefined ? {} : { archiveHead }),
    nowMs: Date.now(),
  });
}

/** A machine that only looks at what others share has kept nothing. */
function withKept<T>(io: Io, { stateDir }: Config, work: (kept: Kept) => Promise<T>): Promise<T> {
  return existsSync(storePath(stateDir)) ? withStore(io, stateDir, work) : work(new MemoryStore());
}

/** `knockwatch report ID|SOURCE`: evidence and a draft complaint to read, correct and send oneself. */
export function registerReport(program: Command, io: Io): void {
  program
    .command('report')
    .description('print the evidence of an incident and a draft complaint about its source; sends nothing')
    .argument('<id|source>', 'an incident, or an address: its newest incident')
    .addOption(
      new Option('--form <what>', 'only one part; xarf is for machines (XARF 4, JSON)').choices(FORMS),
    )
    .option('--source <address>', 'whom to complain about, where an incident has several sources')
    .option('--mask', 'hide our own addresses and names')
    .option('--ask', 'ask DNS, RDAP and whois about the source now; nobody is asked without it')
    .option('--json', 'all parts as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch report 3f2a9c01b7de | less\n  knockwatch report 198.51.100.7 --ask --mask --form complaint > draft.txt\n  knockwatch report 3f2a9c01b7de --form xarf > report.json',
    )
    .action(async (about: string, options: Options, command: Command) => {
      const config = await configOrFail(io, command);
      const report = await withConfiguredStore(io, config, (store) =>
        withKept(io, config, (kept) => reportOf(store, kept, config, about, options, io)),
      );
      const { bundle, complaint, xarf } = report;
      if (options.json) {
        writeJson(io, { evidence: bundle, complaint, xarf: xarf.ok ? JSON.parse(xarf.json) : xarf });
        return;
      }
      if (options.form === 'xarf') {
        if (!xarf.ok) throw new CliError(EXIT_FAILURE, `no X-ARF report: ${xarf.because}`);
        io.stdout.write(xarf.json);
      } else {
        if (options.form !== 'evidence') io.stdout.write(complaint.text);
        if (options.form === undefined) io.stdout.write(`\n${'-'.repeat(72)}\n\n`);
        if (options.form !== 'complaint') io.stdout.write(bundle);
      }
    });
}
