import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/daemon.ts';
import {
  logLine,
  type PlantedLine,
  plantedCorpus,
  type Receiver,
  startReceiver,
} from '../support/receivers.ts';
import { redisServer, startRedis, type TestRedis } from '../support/redis.ts';
import { type MailServer, mailServer } from '../support/smtp.ts';

/*
 * Three daemons that share a Redis, fed with one corpus line by line at random, beside a fourth that has all of it to itself:
 * the same incidents, each mailed once, whoever is killed on the way. KNOCKWATCH_OUTAGE_SECONDS makes the outage longer.
 */
const OUTAGE_MS = Number(process.env['KNOCKWATCH_OUTAGE_SECONDS'] ?? '4') * 1_000;

const RULES = `rules:
  - id: probe
    quiet: 10m
    watch: { hosts: 192.0.2.0/24, ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 10m } }
`;
const SETTINGS = `
correlation: { lateness: 500ms, settle: 1s }
budget: { perChannel: { mails: 10000, per: 1h }, perSource: { mails: 100, per: 1h } }
`;
const mailTo = ({ port }: MailServer) =>
  `channels: [{ kind: email, via: "smtp://127.0.0.1:${port}", from: a@example.net, to: [b@example.net] }]`;

const PLAIN = { disabledCommands: ['STARTTLS'] };

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  // The receivers first: without Redis they would wait for it.
  for (const undo of cleanUp.splice(0).reverse()) await undo();
}, 30_000);

/* A channel's queue has room for 25: no more scanners than that, or a digest tells of them after the outage. */

interface Site {
  readonly redis: TestRedis;
  readonly three: Receiver[];
  readonly alone: Receiver;
  /** Mails of the three, and of the one. */
  readonly mails: MailServer;
  readonly mailsOfOne: MailServer;
}

async function site(): Promise<Site> {
  const [redis, mails, mailsOfOne] = await Promise.all([
    startRedis({ durable: true }),
    mailServer(PLAIN),
    mailServer(PLAIN),
  ]);
  cleanUp.push(
    () => redis.stop(),
    () => mails.close(),
    () => mailsOfOne.close(),
  );
  const shared = `${SETTINGS}${mailTo(mails)}\nstate: ${redis.url}\nredis: { takeover: 2500ms }`;
  const [alone, ...three] = await Promise.all([
    startReceiver(RULES, SETTINGS + mailTo(mailsOfOne)),
    ...[1, 2, 3].map(() => startReceiver(RULES, shared)),
  ]);
  cleanUp.push(() => Promise.all([alone!, ...three].map((receiver) => receiver.stop())));
  return { redis, three, alone: alone!, mails, mailsOfOne };
}

/** Sends each line when it is due: to the one, and to any of the three that `pick` allows. */
async function feed(
  corpus: readonly PlantedLine[],
  { three, alone }: Site,
  allowed: () => readonly number[],
): Promise<void> {
  const startMs = Date.now();
  let n = 7;
  for (const planted of corpus) {
    const wait = startMs + planted.afterMs - Date.now();
    if (wait > 1) await sleep(wait);
    const line = logLine(planted, startMs + planted.afterMs);
    const among = allowed();
    n = (n * 31 + 11) % 1_009;
    alone.send(line);
    three[among[n % among.length]!]!.send(line);
  }
}

/** What `knockwatch incidents --json` says of each. */
function incidents(receiver: Receiver): string[] {
  const { stdout, stderr } = receiver.verb('incidents', '--json', '--limit', '1000');
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean).sort();
}

const messageIds = ({ caught }: MailServer) =>
  caught.map(({ data }) => /^message-id: *(\S+)/im.exec(data)![1]!).sort();
const mailed = (server: MailServer) => new Set(messageIds(server)).size;

/** As with one process, a receiver that is killed between a server's answer and saying so costs one mail too many. */
async function sameAnswer(all: Site, scanners: number, kills: number): Promise<void> {
  await eventually('every mail of the one', () => mailed(all.mailsOfOne) >= scanners);
  await eventually('every mail of the three', () => mailed(all.mails) >= scanners, 30_000);
  // What open incidents have grown to is written down every two seconds.
  const wanted = incidents(all.alone);
  for (let i = 0; i < 10 && `${incidents(all.three[0]!)}` !== `${wanted}`; i++) await sleep(1_000);
  expect(incidents(all.three[0]!)).toEqual(wanted);
  const pages = all.three.map((receiver) => JSON.parse(receiver.verb('status', '--json').stdout).overview);
  for (const { openIncidents, openBySeverity } of pages) expect(openBySeverity.medium).toBe(openIncidents);
  expect(pages.reduce((sum, { openIncidents }) => sum + openIncidents, 0)).toBe(scanners);
  // By now there was time for one too many.
  const [ids, wantedIds] = [messageIds(all.mails), messageIds(all.mailsOfOne)];
  expect([...new Set(ids)]).toEqual(wantedIds);
  expect(ids.length - wantedIds.length).toBeLessThanOrEqual(kills);
}

describe.runIf(redisServer !== undefined)('three receivers that share a Redis', { timeout: 120_000 }, () => {
  it('give the incidents of one, each mailed once, also when one is stopped and started meanwhile', async () => {
    const all = await site();
    let allowed = [0, 1, 2];
    const fed = feed(plantedCorpus(20, 4_000), all, () => allowed);
    await sleep(1_800);
    allowed = [1, 2];
    await sleep(300);
    await all.three[0]!.end('SIGTERM');
    await all.three[0]!.restart();
    allowed = [0, 1, 2];
    await fed;
    await sameAnswer(all, 20, 0);
  });

  it('lose nothing when one is killed, and Redis is away, and one is killed and started again meanwhile', async () => {
    const all = await site();
    let allowed = [0, 1, 2];
    const corpus = plantedCorpus(24, 6_000 + OUTAGE_MS);
    const fed = feed(corpus, all, () => allowed);
    const [first, second] = all.three;
    // What a node has just received and not handed over ends with it, as on any connection: it gets nothing for a moment.
    await sleep(1_000);
    allowed = [1, 2];
    await sleep(500);
    await first!.end('SIGKILL');
    await sleep(2_700);
    await first!.restart();
    allowed = [0, 1, 2];
    await sleep(500);
    await all.redis.kill();
    await sleep(OUTAGE_MS / 2);
    allowed = [0, 2];
    await sleep(500);
    await second!.end('SIGKILL');
    await second!.restart();
    allowed = [0, 1, 2];
    const { stdout } = second!.verb('status');
    expect(stdout).toMatch(/shared {5}redis:\/\/127\.0\.0\.1:\d+ is AWAY/);
    expect(stdout).toMatch(/spool {6}[1-9]\d* hits wait/);
    await sleep(OUTAGE_MS / 2);
    await all.redis.restart();
    await fed;
    await sameAnswer(all, 24, 2);
    expect(second!.verb('status').stdout).toMatch(/spool {6}0 hits wait/);
  });
});
