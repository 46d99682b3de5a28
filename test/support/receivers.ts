import { spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { type Daemon, freePort, listening, startDaemon } from './daemon.ts';

const MAIN = resolve(import.meta.dirname, '../../dist/main.js');

/** A daemon with one connection into it. */
export interface Receiver {
  readonly daemon: Daemon;
  readonly webPort: number;
  send(line: string): void;
  /** Runs a verb with this daemon's configuration. */
  verb(...args: string[]): {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
  };
  /** Ends it; `restart` begins again in the same state directory. */
  end(signal: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a receiver; `more` is further YAML. */
export async function startReceiver(
  rules: string,
  more: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Receiver> {
  const [port, webPort] = [await freePort(), await freePort()];
  const config = `
rules: rules.yaml
hostName: collector
listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }]
web: { port: ${webPort} }
log: { level: info }
${more}`;
  let daemon: Daemon;
  let socket: Socket;
  const begin = async (dir?: string) => {
    daemon = startDaemon(config, { 'rules.yaml': rules }, env, dir);
    await listening(daemon);
    if (daemon.child.exitCode !== null) throw new Error(daemon.log());
    socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    socket.resume();
  };
  await begin();
  return {
    get daemon() {
      return daemon;
    },
    webPort,
    send: (line) => socket.write(`${line}\n`),
    verb(...args) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
        cwd: daemon.dir,
        env: { PATH: process.env['PATH'], KNOCKWATCH_CONFIG: join(daemon.dir, 'knockwatch.yaml'), ...env },
        encoding: 'utf8',
      });
      return { status, stdout, stderr };
    },
    async end(signal) {
      await daemon.end(signal);
      socket.destroy();
    },
    restart: () => begin(daemon.dir),
    async stop() {
      socket.destroy();
      await daemon.stop();
    },
  };
}

/** A line of the planted corpus, by the clock of its device. */
export interface PlantedLine {
  readonly source: string;
  readonly host: number;
  /** From the start of the corpus. */
  readonly afterMs: number;
}

/**
 * Knocks of `scanners` sources on four hosts each, spread over the whole time, and of as many lone ones on two: in order of
 * time, every time a different one.
 */
export function plantedCorpus(scanners: number, durationMs: number): PlantedLine[] {
  const lines: PlantedLine[] = [];
  for (let i = 0; i < scanners; i++) {
    for (let k = 0; k < 4; k++) {
      const afterMs = ((i * 7919 + k * 1_237 * (1 + (i % 5))) % durationMs) + i / 1_000;
      lines.push({ source: `198.51.100.${i + 1}`, host: 10 + k, afterMs });
      if (k < 2) lines.push({ source: `203.0.113.${i + 1}`, host: 10 + k, afterMs: afterMs + 0.5 });
    }
  }
  return lines.sort((a, b) => a.afterMs - b.afterMs);
}

/** A planted line as a firewall sends it. */
export function logLine({ source, host }: PlantedLine, atMs: number): string {
  return `<4>1 ${new Date(atMs).toISOString()} fw1 kernel - - - [UFW BLOCK] IN=eth0 OUT= SRC=${source} DST=192.0.2.${host} LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=0 PROTO=TCP SPT=40000 DPT=143 WINDOW=64800 RES=0x00 SYN URGP=0`;
}
