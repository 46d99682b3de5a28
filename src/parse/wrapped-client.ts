import { canonicalIp } from '../lib/ip.ts';
import type { Endpoint } from '../types.ts';
import { remoteEnd } from './host-line.ts';

/** Who connected, as libwrap prints it (eval.c, eval_client). */
export interface WrappedClient {
  readonly source: Endpoint;
  /** What the stranger's own identd said (RFC 1413). */
  readonly user?: string;
}

/** ypserv and others that print the socket: IPv4 only, with colons nobody could tell the port. */
const SOCKET = /^([\d.]{7,15}):(\d{1,5})$/;

/**
 * Reads `[USER@]HOST`, `[USER@]HOST (ADDRESS)` (NetBSD without the space), `ADDRESS:PORT`, or a bare `unknown`. USER is whatever the stranger's
 * identd answered and may look like a host or an address: the address in the last parentheses counts, else what
 * follows the last `@`. Undefined when there is no such client.
 */
export function wrappedClient(text: string): WrappedClient | undefined {
  const open = text.endsWith(')') ? text.lastIndexOf('(') : -1;
  const ip = open < 0 ? undefined : canonicalIp(text.slice(open + 1, -1));
  // In the parentheses `unknown` says nothing that the host in front does not say better.
  const client = open < 0 ? text : text.slice(0, open).trimEnd();
  const at = client.lastIndexOf('@');
  const socket = SOCKET.exec(client);
  const named = socket === null ? remoteEnd(client.slice(at + 1)) : remoteEnd(socket[1]!, socket[2]);
  const source = ip === undefined ? named : { ip };
  if (source === undefined) return undefined;
  return at <= 0 ? { source } : { source, user: client.slice(0, at) };
}
