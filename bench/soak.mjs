/*
 * npm run soak -- [--hours N] [--rate LINES_PER_SECOND] [--seed N]
 *
 * A day of event time as fast as it goes: lines through the pipeline into the notifier, on a clock that stands still in
 * between. Strangers come and never come back, scanners sweep, some are slow, one device is never quiet, the rules are
 * read again every ten seconds, and the mail server is away for one hour in six.
 * It fails when memory in use in the last hour is more than 5 % above hour 2, when the peak of resident memory in the last
 * quarter is more than 10 % above that of the first, when descriptors grow, or when the notifier reports a fault. V8 is given
 * a bound (package.json): without one it keeps free pages or gives them back as it likes, 100 MiB of them.
 */

import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pipelineOptions } from '../dist/cli/pipeline-options.js';
import { configSchema } from '../dist/config/config.js';
import { incidentContext } from '../dist/daemon/notifications.js';
import { serviceName } from '../dist/lib/services.js';
import { Notifier } from '../dist/notify/notifier.js';
import { Pipeline } from '../dist/pipeline.js';
import { loadRules } from '../dist/rules/load.js';
import { Random } from './fuzz/random.mjs';
import { JumpingClock } from './soak/jumping-clock.mjs';
import { Traffic } from './soak/traffic.mjs';

const HOUR_S = 3_600;
const MIB = 2 ** 20;
const MOST_GROWTH = { inUse: 1.05, peak: 1.1 };
const SAMPLE_S = 600;

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '24' },
    rate: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
});
const hours = Number(values.hours);
const rate = Number(values.rate);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

const root = new URL('..', import.meta.url).pathname;
const { ruleSet } = await loadRules(`${root}rules`);
const again = (await loadRules(`${root}rules`)).ruleSet;
const config = { ...configSchema.parse({ zone: 'UTC' }), rules: 'rules' };
const clock = new JumpingClock(Date.parse('2026-11-23T00:00:00Z'));

const counts = { lines: 0, hits: 0, alerts: 0, mails: 0, digests: 0, faults: 0 };
const channel = {
  name: 'mail',
  kind: 'soak',
  send: async (alert) => {
    const hour = Math.floor((clock.now() - clock.startMs) / 3_600_000);
    if (hour % 6 === 3) return { ok: false, retry: true, because: 'the mail server is away' };
    counts.mails++;
    if (alert.reason === 'digest') counts.digests++;
    return { ok: true, because: 'ok' };
  },
  close: async () => {},
};
const notifier = new Notifier({
  channels: [channel],
  timers: clock,
  site: { zone: 'UTC', hostName: 'soak', serviceName },
  budget: {
    perChannel: { mails: 20, perMs: 3_600_000 },
    perSource: { mails: 4, perMs: 3_600_000 },
  },
  onFault: (because) => {
    counts.faults++;
    console.error(because);
  },
});
const pipeline = new Pipeline({
  ...pipelineOptions(config, ruleSet, 'live'),
  onTransition: (incident, transition) => {
    if (transition === 'opened') return;
    counts.alerts++;
    const rule = pipeline.rule(incident.ruleId);
    notifier
      .handle(
        incident,
        transition,
        { channels: rule.notify, context: () => incidentContext(incident, rule) },
        clock.now(),
      )
      .catch((error) => {
        counts.faults++;
        console.error(error);
      });
  },
});
notifier.start();

/** Memory in use (what the program holds on to, in V8's heap and outside of it), resident memory, and descriptors. */
function sample() {
  collectGarbage();
  collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { inUse: heapUsed + external, rss, descriptors: readdirSync('/proc/self/fd').length };
}

/** The samples of one hour as one: the least in use, since what comes and goes is no leak, and the most of the rest. */
function joined(samples) {
  return {
    inUse: Math.min(...samples.map(({ inUse }) => inUse)),
    peak: Math.max(...samples.map(({ rss }) => rss)),
    descriptors: Math.max(...samples.map(({ descriptors }) => descriptors)),
  };
}

function tell(hour, { inUse, peak, descriptors }) {
  const { keys, openIncidents, evictedKeys } = pipeline.stats();
  console.log(
    `hour ${String(hour).padStart(2)}: ${(inUse / MIB).toFixed(1)} MiB in use, peak ${(peak / MIB).toFixed(1)} MiB resident, ` +
      `${descriptors} descriptors, ${keys} keys (${evictedKeys} given up), ${openIncidents} incidents open, ${counts.mails} mails`,
  );
}

const traffic = new Traffic(new Random(Number(values.seed)));
const hourly = [];
let samples = [];
const started = performance.now();
for (let second = 0; second < hours * HOUR_S; second++) {
  for (let n = 0; n < rate; n++) {
    const frame = traffic.next(clock.now() + (n * 1_000) / rate);
    counts.hits += pipeline.process(frame).hits.length;
  }
  counts.lines += rate;
  pipeline.advance(clock.now() + 1_000);
  await clock.advance(1_000);
  if (second % 10 === 9) pipeline.reload(second % 20 === 9 ? again : ruleSet);
  if (second % SAMPLE_S === SAMPLE_S - 1) samples.push(sample());
  if (second % HOUR_S === HOUR_S - 1) {
    hourly.push(joined(samples));
    tell(hourly.length, hourly.at(-1));
    samples = [];
  }
}

const seconds = (performance.now() - started) / 1_000;
const [early, last] = [hourly[1] ?? hourly[0], hourly.at(-1)];
const peakOf = (some) => Math.max(...some.map(({ peak }) => peak));
const quarter = Math.ceil(hourly.length / 4);
const growth = {
  inUse: last.inUse / early.inUse,
  peak: peakOf(hourly.slice(-quarter)) / peakOf(hourly.slice(0, quarter)),
};
const verdict = [
  growth.inUse <= MOST_GROWTH.inUse ? undefined : 'memory in use grew',
  growth.peak <= MOST_GROWTH.peak ? undefined : 'peak of resident memory grew',
  last.descriptors <= early.descriptors ? undefined : 'descriptors grew',
  counts.faults === 0 ? undefined : `${counts.faults} faults`,
  counts.mails > 0 && counts.alerts > 0 ? undefined : 'nothing happened at all',
].filter(Boolean);
console.log(
  `${counts.lines} lines (${hours} h at ${rate}/s) in ${seconds.toFixed(0)} s: ${counts.hits} hits, ${counts.alerts} alerts, ` +
    `${counts.mails} mails, ${counts.digests} of them digests`,
);
const percent = (ratio) => `${((ratio - 1) * 100).toFixed(1)} %`;
console.log(`memory in use, last hour against hour 2: ${percent(growth.inUse)}`);
console.log(`peak of resident memory, last quarter against first: ${percent(growth.peak)}`);
console.log(verdict.length === 0 ? 'flat' : `FAILED: ${verdict.join(', ')}`);
process.exit(verdict.length === 0 ? 0 : 1);
