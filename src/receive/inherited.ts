/** A socket that the service manager opened for us: its descriptor, and the name the unit file gave it. */
export interface InheritedSocket {
  readonly fd: number;
  /** `FileDescriptorName=` of the .socket unit; `unknown` when it has none, as systemd itself calls it. */
  readonly name: string;
}

const FIRST_FD = 3;
const MOST_SOCKETS = 256;

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
  }));
}
