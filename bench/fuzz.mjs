/*
 * npm run fuzz -- [--lines N] [--seconds S] [--seed N] [--first N] [--chunkings N]
 *
 * Lines made of the fixtures by seeded mutation go through the whole pipeline (decode, parse, match, correlate) and every
 * alert they lead to is rendered. It fails, and says how to see the line again, when anything throws, when a line takes
 * more than 50 ms, when a result names an address from outside the line's own header, or when a control character
 * reaches a mail. Then a stream of frames is cut into pieces at random: the messages must not depend on it.
 */

import { parseArgs } from 'node:util';
import { pipelineOptions } from '../dist/cli/pipeline-options.js';
import { configSchema } from '../dist/config/config.js';
import { incidentContext } from '../dist/daemon/notifications.js';
import { serviceName } from '../dist/lib/services.js';
import { renderAlert } from '../dist/notify/render.js';
import { Pipeline } from '../dist/pipeline.js';
import { Deframer } from '../dist/receive/framing.js';
import { loadRules } from '../dist/rules/load.js';
import { forge, harmless } from './fuzz/forgeries.mjs';
import { fixtureLines, mutate } from './fuzz/mutate.mjs';
import { fault } from './fuzz/oracle.mjs';
import { Random } from './fuzz/random.mjs';

const SLOW_MS = 50;
/** Slow enough for incidents to go quiet and new ones to begin. */
const PACE_MS = 100;
const FIRST_RECEIPT_MS = Date.parse('2026-11-23T03:00:00Z');
/** What must not be in a mail: controls but LF, bidi marks, separators. */
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '100000' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    chunkings: { type: 'string' },
  },
});
const seed = Number(values.seed);
const first = Number(values.first);
const most = values.seconds === undefined ? Number(values.lines) : Number.MAX_SAFE_INTEGER;
const chunkings = Number(values.chunkings ?? Math.min(1_000_000, Math.ceil(most / 10)));
const deadline = values.seconds === undefined ? Infinity : performance.now() + Number(values.seconds) * 1_000;

const root = new URL('..', import.meta.url).pathname;
const samples = fixtureLines(`${root}fixtures`);
const { ruleSet, problems } = await loadRules(`${root}bench/fuzz/rules.yaml`);
if (ruleSet === undefined) throw new Error(`rules: ${JSON.stringify(problems)}`);
const config = { ...configSchema.parse({ zone: 'UTC' }), rules: 'rules' };

const mails = { count: 0, fault: undefined };
const pipeline = new Pipeline({
  ...pipelineOptions(config, ruleSet, 'live'),
  onTransition: (incident, transition) => {
    if (transition === 'opened') return;
    const decision = { reason: 'first-sight', send: true, because: 'fuzz' };
    const context = incidentContext(incident, pipeline.rule(incident.ruleId));
    const mail = renderAlert(incident, { ...context, zone: 'UTC', hostName: 'fuzz', serviceName, decision });
    mails.count++;
    if (UNSAFE.test(mail.text) || UNSAFE.test(mail.subject) || mail.subject.includes('\n')) {
      mails.fault = `a control character reached a mail: ${JSON.stringify(mail.text.match(UNSAFE) ?? mail.subject)}`;
    }
  },
});

/** Line `index` of the run with this seed. */
function lineOf(index) {
  const random = Random.ofLine(seed, index);
  const forged = random.below(5) === 0;
  return { text: forged ? forge(random, samples) : mutate(random, samples), forged };
}

function frameOf(text, index) {
  const peer = { address: '192.0.2.1', port: 514 };
  return {
    bytes: Buffer.from(text, 'latin1'),
    receivedAtMs: FIRST_RECEIPT_MS + index * PACE_MS,
    peer,
    transport: 'udp',
  };
}

/** The milliseconds a line takes at best: another process can take the processor away, a slow pattern can not give it back. */
function bestOf(frame) {
  const times = [1, 2, 3].map(() => {
    const from = performance.now();
    pipeline.process(frame);
    return performance.now() - from;
  });
  return Math.min(...times);
}

function fail(index, because) {
  console.error(`line ${index}: ${because}\n${JSON.stringify(lineOf(index).text.slice(0, 2_000))}`);
  console.error(`again: npm run fuzz -- --seed ${seed} --first ${index} --lines 1`);
  process.exitCode = 1;
}

process.on('unhandledRejection', (reason) => {
  console.error('unhandled rejection', reason);
  process.exit(1);
});

for (const { name, line } of harmless()) {
  const { attempt } = pipeline.process(frameOf(line, 0));
  if (attempt?.source.ip !== '203.0.113.9') throw new Error(`the fuzz itself is wrong: ${name} is not read`);
}

const started = performance.now();
const kinds = new Map();
let slowest = 0;
let pauses = 0;
let faults = 0;
let index = first;
for (; index < first + most && faults < 20; index++) {
  const { text, forged } = lineOf(index);
  const frame = frameOf(text, index);
  let outcome;
  const from = performance.now();
  try {
    outcome = pipeline.process(frame);
  } catch (error) {
    faults++;
    fail(index, `threw ${error.stack}`);
    continue;
  }
  const took = performance.now() - from;
  if (took > SLOW_MS) {
    const best = bestOf(frame);
    if (best > SLOW_MS) fail(index, `took ${best.toFixed(1)} ms`, faults++);
    else pauses++;
    if (best > slowest) slowest = best;
  } else if (took > slowest) slowest = took;
  const wrong = mails.fault ?? fault(outcome, forged);
  mails.fault = undefined;
  if (wrong !== undefined) {
    faults++;
    fail(index, wrong);
  }
  const kind = outcome.result?.kind ?? 'unknown';
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  if (index % 1_000 === 0 && performance.now() > deadline) {
    index++;
    break;
  }
  if (index % 1_000_000 === 999_999) console.error(`${index + 1 - first} lines`);
}

const lines = index - first;
const seconds = (performance.now() - started) / 1_000;
console.log(`${lines} mutated lines, seed ${seed}, ${seconds.toFixed(1)} s: ${faults} faults`);
console.log(
  `  read as ${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}; ${mails.count} mails rendered`,
);
console.log(`  slowest line ${slowest.toFixed(1)} ms; ${pauses} longer only because the machine paused`);
console.log(`  resident memory ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`);

function framesOf(pieces) {
  const frames = [];
  const faultsSeen = [];
  const deframer = new Deframer(200, (kind) => faultsSeen.push(kind));
  const take = (bytes, truncated) => frames.push(`${truncated} ${bytes.toString('latin1')}`);
  for (const piece of pieces) deframer.push(piece, take);
  deframer.end(take);
  return JSON.stringify([frames, faultsSeen.sort()]);
}

/** Messages in both framings, wrong counts among them, as one stream. */
function streamOf(random) {
  let stream = '';
  for (let n = 1 + random.below(6); n > 0; n--) {
    const message = `<${random.below(200)}>${mutate(random, samples).slice(0, random.below(300))}`;
    const wrong = random.below(8) === 0 ? random.below(40) - 20 : 0;
    stream += random.below(2) === 0 ? `${message}\n` : `${Math.max(0, message.length + wrong)} ${message}`;
  }
  return Buffer.from(stream, 'latin1');
}

const chunkingsStarted = performance.now();
let cuts = 0;
for (; cuts < chunkings && process.exitCode === undefined; cuts++) {
  const random = Random.ofLine(seed ^ 0x5eed, cuts);
  const stream = streamOf(random);
  const pieces = [];
  for (let at = 0; at < stream.length; ) {
    const end = at + 1 + random.below(random.below(3) === 0 ? 4 : 200);
    pieces.push(stream.subarray(at, end));
    at = end;
  }
  if (framesOf(pieces) !== framesOf([stream])) {
    console.error(`chunking ${cuts} of seed ${seed} gives other messages than the whole stream`);
    process.exitCode = 1;
  }
  if (performance.now() - chunkingsStarted > 10_000 && values.seconds !== undefined) break;
}
console.log(
  `${cuts} random chunkings of a stream: ${process.exitCode === undefined ? 'the same messages' : 'FAILED'}`,
);
