import { isIPv6 } from 'node:net';

/** Where a receiver listens, as configured. */
export interface ListenPlace {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly fd?: number | undefined;
  /** Unix sockets and files, instead of host and port. */
  readonly path?: string | undefined;
}

/** How long `start()` may take, in milliseconds, before it rejects. */
export const START_DEADLINE_MS = 2_000;

/** A receiver that could not start: `message` says what to do, `code` is the system's word (EADDRINUSE ...). */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string;

  constructor(place: ListenPlace, code: string, detail = '') {
    super(advice(place, code, detail));
    this.code = code;
  }
}

/** `udp 0.0.0.0:5514`, `udp [::]:5514`, `unix /run/log.sock`, or `udp fd 3` for an inherited socket. */
export function placeName(place: ListenPlace): string {
  if (place.fd !== undefined) return `${place.protocol} fd ${place.fd}`;
  if (place.path !== undefined) return `${place.protocol} ${place.path}`;
  const host = isIPv6(place.host) ? `[${place.host}]` : place.host;
  return `${place.protocol} ${host}:${place.port}`;
}

/** Whether the failure means that this machine has no IPv6 (switched off, or no address on the loopback). */
export function isIpv6Missing(error: unknown): boolean {
  return error instanceof ListenError && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL');
}

/** Rejects with a ListenError (ETIMEDOUT) when `started` has not settled by the deadline. */
export async function withinStartDeadline<T>(place: ListenPlace, started: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ListenError(place, 'ETIMEDOUT')), START_DEADLINE_MS);
  });
  try {
    return await Promise.race([started, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The ListenError for whatever a failed bind threw. */
export function toListenError(place: ListenPlace, error: unknown): ListenError {
  if (error instanceof ListenError) return error;
  const { code, message } = error as { code?: string; message?: string };
  return new ListenError(place, code ?? 'UNKNOWN', message ?? String(error));
}

function advice(place: ListenPlace, code: string, detail: string): string {
  const name = placeName(place);
  const isTrap = place.protocol === 'trap';
  const setting = isTrap ? 'traps' : 'listeners';
  switch (code) {
    case 'EADDRINUSE':
      if (place.path !== undefined)
        return `${name} is taken by another program: stop it or choose another path in listeners`;
      return isTrap
        ? `${name} is taken by another program: a port that is in use is no trap, remove it from traps`
        : `${name} is taken by another program: stop it or choose another port in listeners`;
    case 'EACCES':
    case 'EPERM':
      if (place.path !== undefined)
        return `${name}: permission denied: give the user knockwatch runs as access to it`;
      if (isTrap)
        return `${name} needs privilege: grant CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=), or take ports from 1024 up`;
      return `${name} needs privilege: use port 5514, grant CAP_NET_BIND_SERVICE, or use systemd socket activation`;
    case 'EADDRNOTAVAIL':
      return `${name}: this machine has no such address: use one of its own, or 0.0.0.0 for all`;
    case 'EAFNOSUPPORT':
      return `${name}: this machine has no IPv6: use an IPv4 address in ${setting}`;
    case 'EBADF':
    case 'ENOTSOCK':
    case 'EINVAL':
    case 'ERR_INVALID_FD_TYPE':
      return place.fd === undefined
        ? `${name} cannot be listened on (${code}): check host and port in ${setting}`
        : `${name} is not an inherited ${place.protocol} socket (${code}): check the .socket unit and fd in listeners`;
    case 'EMFILE':
    case 'ENFILE':
      return `${name}: no file descriptors left: raise LimitNOFILE`;
    case 'ENOENT':
      if (place.path !== undefined)
        return `${name}: there is no such file or directory: check path in listeners`;
      return `${name} cannot be listened on: ${detail || code}`;
    case 'ETIMEDOUT':
      return `${name} did not start within ${START_DEADLINE_MS / 1000} s: the machine is overloaded, try again`;
    default:
      return `${name} cannot be listened on: ${detail || code}`;
  }
}
