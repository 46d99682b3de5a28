import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { webToken } from '../config/web-token.ts';
import { formatDuration } from '../lib/duration.ts';
import { visible } from '../lib/escape.ts';
import { textTable } from '../lib/text-table.ts';
import type { SharedStatus } from '../status.ts';
import type { Overview, SenderRow, SenderTable } from '../web/source.ts';
import { configOrFail } from './config-option.ts';
import { CliError, EXIT_FAILURE, type Io, paint, writeJson } from './io.ts';

const TIMEOUT_MS = 4_000;
const MAX_ROWS = 50;

interface Status {
  readonly overview: Overview;
  readonly senders: SenderTable;
}

/** Where this machine reaches the page. */
function statusUrl({ host, port }: Config['web']): string {
  const own = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${own.includes(':') ? `[${own}]` : own}:${port}/api/status`;
}

async function ask(web: Config['web']): Promise<Status> {
  if (!web.enabled)
    throw new CliError(EXIT_FAILURE, 'the page is off (web.enabled), so there is nobody to ask');
  const url = statusUrl(web);
  const token = webToken(web);
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
  } catch (error) {
    const { cause, message } = error as Error;
    const refused = (cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
    const because = refused
      ? 'nobody listens there. `knockwatch run` starts one; --config names the configuration of one that runs'
      : visible(cause instanceof Error ? cause.message : message, 200);
    throw new CliError(EXIT_FAILURE, `no daemon answers at ${new URL(url).host}: ${because}`);
  }
  if (response.status === 401)
    throw new CliError(EXIT_FAILURE, 'the daemon wants another token than the one that is configured');
  try {
    if (response.ok) return (await response.json()) as Status;
  } catch {
    // What follows says it.
  }
  throw new CliError(
    EXIT_FAILURE,
    `what answers at ${new URL(url).host} is no knockwatch (status ${response.status})`,
  );
}

const number = (n: number) => n.toLocaleString('en', { maximumFractionDigits: n < 10 ? 1 : 0 });

function summary(overview: Overview): string[] {
  const { totals, rates, openBySeverity, outbox, nowMs, startedAtMs, passedOver = 0 } = overview;
  const read = totals.lines - passedOver;
  const understood =
    read === 0
      ? ''
      : `, ${Math.floor((100 * (read - totals.unknown - totals.malformed)) / read)} % understood`;
  const counted = passedOver === 0 ? '' : `, ${number(passedOver)} of a flood only counted`;
  const open = (['critical', 'high', 'medium', 'low'] as const).filter(
    (severity) => openBySeverity[severity] > 0,
  );
  const mix =
    open.length === 0
      ? ''
      : ` (${open.map((severity) => `${openBySeverity[severity]} ${severity}`).join(', ')})`;
  return [
    `knockwatch ${overview.version} on ${overview.hostName}: ${overview.state} for ${formatDuration(nowMs - startedAtMs)}`,
    `  listens    ${overview.listeners.map(({ name, address }) => `${name} ${address}`).join(', ') || 'nowhere'}`,
    `  lines      ${number(rates.lines)} a second, ${number(totals.lines)} since the start${understood}${counted}`,
    `  hits       ${number(rates.hits)} a second, ${number(totals.hits)} since the start`,
    `  incidents  ${number(overview.openIncidents)} open${mix}, ${number(overview.incidents)} remembered`,
    `  alerts     ${number(outbox.waiting)} waiting, ${number(outbox.dead)} given up`,
    ...(overview.shared === undefined ? [] : sharedLines(overview.shared, nowMs)),
    ...overview.losses.map(({ what, count }) => `  lost       ${number(count)} ${what}`),
  ];
}

/** The incidents and alerts above are this node's; these lines say what part of the whole that is. */
function sharedLines(shared: SharedStatus, nowMs: number): string[] {
  const { place, node, nodes, partitions, allPartitions, spooled, judgedUpToMs, away } = shared;
  const judged =
    judgedUpToMs === undefined
      ? 'nothing judged yet'
      : `judged up to ${formatDuration(Math.max(0, nowMs - judgedUpToMs))} ago`;
  return [
    `  shared     ${place} ${away === undefined ? 'is there' : `is AWAY: ${away}`}`,
    `  node       ${node}, ${nodes} alive, judges ${partitions} of ${allPartitions} partitions, ${judged}`,
    `  spool      ${number(spooled)} hits wait for Redis`,
  ];
}

const STATES = { ok: 'heard', quiet: 'QUIET', unparsed: 'NOT UNDERSTOOD', waiting: 'awaited' } as const;

function row(sender: SenderRow, nowMs: number): string[] {
  const { read, malformed, unknown, recentRead, recentUnderstood, lastSeenMs, everyMs, skewMs } = sender;
  const [part, whole] = recentRead > 0 ? [recentUnderstood, recentRead] : [read - malformed - unknown, read];
  const heard = lastSeenMs === undefined ? 'never' : `${formatDuration(Math.max(0, nowMs - lastSeenMs))} ago`;
  return [
    sender.hostname === undefined ? sender.address : `${sender.address} ${sender.hostname}`,
    STATES[sender.state],
    everyMs === undefined ? heard : `${heard}, due every ${formatDuration(everyMs)}`,
    number(read),
    number(sender.parsed),
    number(sender.ignored),
    number(malformed),
    number(unknown),
    whole === 0 ? '-' : `${Math.floor((100 * part) / whole)} %`,
    number(sender.lost),
    skewMs === undefined
      ? lastSeenMs === undefined
        ? '-'
        : 'right'
      : `${skewMs > 0 ? '+' : '-'}${formatDuration(Math.abs(skewMs))}`,
  ];
}

function senderLines({ rows, more }: SenderTable, nowMs: number): string[] {
  if (rows.length === 0) return ['no sender was heard of yet'];
  const head = [
    'SENDER',
    'STATE',
    'LAST HEARD',
    'LINES',
    'ATTEMPTS',
    'OTHER',
    'MALFORMED',
    'UNKNOWN',
    'UNDERSTOOD',
    'LOST THERE',
    'CLOCK',
  ];
  const right = (i: number): 'left' | 'right' => (i < 3 ? 'left' : 'right');
  const left = more + Math.max(0, rows.length - MAX_ROWS);
  return [
    ...textTable([head, ...rows.slice(0, MAX_ROWS).map((sender) => row(sender, nowMs))], {
      align: head.map((_, i) => right(i)),
    }),
    ...(left > 0 ? [`and ${number(left)} more; --json has them`] : []),
  ];
}

function sampleLines({ rows }: SenderTable): string[] {
  const odd = rows.slice(0, MAX_ROWS).filter(({ samples }) => samples.length > 0);
  if (odd.length === 0) return [];
  return [
    '',
    'not understood, a line of each shape:',
    ...odd.flatMap(({ address, hostname, samples }) => [
      `  ${hostname ?? address}`,
      ...samples.map((sample) => `    ${sample}`),
    ]),
  ];
}

/** `knockwatch status`: how the daemon and its senders are; the exit code says whether it is well. */
export function registerStatus(program: Command, io: Io): void {
  program
    .command('status')
    .description(
      'say how the running daemon is: rates, incidents, alerts, and whether each sender is heard and understood',
    )
    .option('--json', 'everything, as JSON')
    .option('-q, --quiet', 'say nothing: exit code 0 when the daemon runs and listens, 1 when not')
    .addHelpText(
      'after',
      '\nExamples:\n  knockwatch status\n  knockwatch status --quiet || systemctl restart knockwatch',
    )
    .action(async (options: { json?: boolean; quiet?: boolean }, command: Command) => {
      const { web } = await configOrFail(io, command);
      let status: Status;
      try {
        status = await ask(web);
      } catch (error) {
        throw options.quiet ? new CliError(EXIT_FAILURE) : error;
      }
      const { overview, senders } = status;
      if (options.json) writeJson(io, status);
      else if (!options.quiet) {
        const lines = [
          ...summary(overview),
          '',
          ...senderLines(senders, overview.nowMs),
          ...sampleLines(senders),
        ];
        io.stdout.write(`${lines.map((line) => visible(line)).join('\n')}\n`);
        for (const fault of overview.faults)
          io.stderr.write(`${paint(io, 'stderr', 'red', visible(fault))}\n`);
      }
      if (!overview.ready)
        throw new CliError(EXIT_FAILURE, options.quiet ? '' : `the daemon is ${visible(overview.state, 20)}`);
    });
}
