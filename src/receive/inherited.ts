import { readFileSync, readlinkSync } from 'node:fs';

/** A socket that the service manager opened for us. */
export interface InheritedSocket {
  readonly fd: number;
  /** `FileDescriptorName=` of the .socket unit; `unknown` when it has none, as systemd itself calls it. */
  readonly name: string;
  /** What it is, and its port, where the system tells (Linux). */
  readonly kind?: 'udp' | 'tcp' | 'unix';
  readonly port?: number;
}

const FIRST_FD = 3;
const MOST_SOCKETS = 256;
const TABLES = [
  ['udp', '/proc/net/udp'],
  ['udp', '/proc/net/udp6'],
  ['tcp', '/proc/net/tcp'],
  ['tcp', '/proc/net/tcp6'],
] as const;

/**
 * The sockets passed by systemd socket activation, sd_listen_fds(3): LISTEN_FDS sockets from descriptor 3 on, meant
 * for us only when LISTEN_PID is our process id, named by the colon-separated LISTEN_FDNAMES. Anything else: none.
 */
export function inheritedSockets(
  env: Readonly<Record<string, string | undefined>> = process.env,
  pid: number = process.pid,
): InheritedSocket[] {
  if (env.LISTEN_PID !== String(pid)) return [];
  const count = /^\d{1,4}$/.test(env.LISTEN_FDS ?? '') ? Number(env.LISTEN_FDS) : 0;
  const names = (env.LISTEN_FDNAMES ?? '').split(':');
  return Array.from({ length: Math.min(count, MOST_SOCKETS) }, (_, i) => ({
    fd: FIRST_FD + i,
    name: names[i] || 'unknown',
    ...kindOf(FIRST_FD + i),
  }));
}

/** What the descriptor is by the kernel's tables, proc_pid_net(5); nothing where there are none or it is in none. */
function kindOf(fd: number): { kind?: 'udp' | 'tcp' | 'unix'; port?: number } {
  const inode = /^socket:\[(\d+)\]$/.exec(textOf(() => readlinkSync(`/proc/self/fd/${fd}`)))?.[1];
  if (inode === undefined) return {};
  for (const [kind, table] of TABLES) {
    for (const line of tableLines(table)) {
      // sl local rem st tx:rx tr:when retrnsmt uid timeout inode
      const columns = line.trim().split(/ +/);
      if (columns[9] === inode) return { kind, port: Number.parseInt(columns[1]!.split(':')[1]!, 16) };
    }
  }
  // Num RefCount Protocol Flags Type St Inode Path
  const isUnix = tableLines('/proc/net/unix').some((line) => line.trim().split(/ +/)[6] === inode);
  return isUnix ? { kind: 'unix' } : {};
}

function tableLines(path: string): string[] {
  return textOf(() => readFileSync(path, 'latin1'))
    .split('\n')
    .slice(1);
}

function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
