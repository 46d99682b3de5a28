import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { appDirectory, startApp, stopApp, type TestApp } from './app.ts';
import { type CliRun, runForTest } from './cli.ts';
import { sendTcp } from './daemon.ts';

/** The source that scans 80 ports' worth of hosts: more lines than an incident keeps. */
export const LOUD = '198.51.100.7';
/** A neighbour whose address begins like it. */
export const NEIGHBOUR = '198.51.100.70';
/** Sources that come at once: one of them is real. */
export const CROWD = ['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4', '203.0.113.5'] as const;
export const LOUD_LINES = 80;
/** Lines in the archive. */
export const ALL_LINES = 1 + LOUD_LINES + 3 + 5;

const RULES = `
hosts: { lisa: 192.0.2.10 }
rules:
  - id: probe
    title: Same port on three hosts
    severity: high
    watch: { hosts: 192.0.2.0/24, ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
  - id: crowd
    severity: medium
    watch: { hosts: 192.0.2.0/24, ports: [finger] }
    detect: { distributed-scan: { sources: 5, hosts: 1, within: 10s, by: [port, host] } }
`;

/** A router's line; hostile text where a device would put a list's name. */
export const deny = (source: string, host: number, port = 143, list = '101') =>
  `<190>45: gw1: ${new Date().toISOString().slice(0, 23)}Z: %SEC-6-IPACCESSLOGP: list ${list} denied tcp ${source}(31337) -> 192.0.2.${host}(${port}), 1 packet`;

/** What a daemon has left in its state directory, and the verbs that read it. */
export interface EvidenceRun {
  readonly dir: string;
  readonly stateDir: string;
  readonly app: TestApp;
  /** Runs a verb with this run's configuration. */
  verb(...args: string[]): Promise<CliRun>;
  /** Ends the daemon; what it wrote stays. */
  end(): Promise<void>;
  /** Ends the daemon and removes everything. */
  remove(): Promise<void>;
}

/**
 * A daemon that has watched two scans and a crowd: one channel took its mails (`mail`), one refused them for good (`refuses`), one
 * is away (`away`).
 */
export async function evidenceRun(): Promise<EvidenceRun> {
  const dir = appDirectory(RULES);
  const refuses = await httpServer(410);
  const away = await httpServer(503);
  const url = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const settings = {
    correlation: { lateness: '100ms', settle: '300ms' },
    channels: [
      { kind: 'email', mailbox: join(dir, 'mail') },
      { kind: 'webhook', name: 'refuses', url: url(refuses) },
      { kind: 'webhook', name: 'away', url: url(away) },
    ],
    report: {
      organisation: 'Example Ltd',
      email: 'security@example.org',
      upstream: ['abuse@upstream.example'],
      cert: ['cert@cert.example'],
    },
    web: { enabled: false },
  };
  writeFileSync(
    join(dir, 'knockwatch.yaml'),
    JSON.stringify({ ...settings, zone: 'UTC', rules: 'rules.yaml', stateDir: 'var' }),
  );
  const app = await startApp(dir, 'tcp', settings);
  await sendTcp(app.port, [
    // In the archive, and no part of its incident.
    deny(LOUD, 200, 79),
    ...Array.from({ length: LOUD_LINES }, (_, i) => deny(LOUD, 10 + i)),
    ...[10, 11, 12].map((host) => deny(NEIGHBOUR, host)),
    ...CROWD.map((source) => deny(source, 10, 79)),
  ]);
  const verb = (...args: string[]) => runForTest(['--config', join(dir, 'knockwatch.yaml'), ...args]);
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= stopApp(app);
    return ended;
  };
  const run: EvidenceRun = {
    dir,
    stateDir: join(dir, 'var'),
    app,
    verb,
    end,
    async remove() {
      await end();
      for (const server of [refuses, away]) server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await settled(run);
  return run;
}

/** Until all three incidents have been told to who takes them, and given up by who does not, and the store says so. */
async function settled({ verb }: EvidenceRun): Promise<void> {
  const json = async (...args: string[]) =>
    (await verb(...args, '--json')).stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  for (let i = 0; i < 100; i++) {
    const rows = await json('outbox');
    const count = (what: object) =>
      rows.filter((row) => Object.entries(what).every(([key, value]) => row[key] === value)).length;
    const sorted =
      count({ state: 'given up' }) === 3 &&
      count({ channel: 'away' }) === 3 &&
      count({ channel: 'mail' }) === 0;
    if (sorted) {
      const ids = (await json('incidents')).map(({ event }) => event.id);
      const told = (await Promise.all(ids.map((id) => json('incidents', id)))).flat();
      const reached = told.filter(({ deliveries }) =>
        deliveries.some(({ channel }: { channel: string }) => channel === 'mail'),
      );
      if (reached.length === 3) return;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('the alerts did not go out in ten seconds');
}

function httpServer(status: number): Promise<Server> {
  return new Promise((done) => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(status).end('no\x1b[2J such place');
    });
    server.listen(0, '127.0.0.1', () => done(server));
  });
}
