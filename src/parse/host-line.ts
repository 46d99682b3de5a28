import { canonicalIp } from '../lib/ip.ts';
import type { Endpoint, SyslogMessage } from '../types.ts';
import { decimal, UINT16 } from './decimal.ts';

/** What a daemon's line says of a stranger is written by the stranger: it is kept up to this many characters. */
const MAX_STRANGERS_TEXT = 256;

/** RFC 1035 2.3.4. */
const MAX_NAME = 253;

/** What journald puts in front of a daemon's words where it merges it with kernel output. */
const KERNEL_STAMP = /^kernel: ?\[ *\d{1,10}\.\d{1,9}\]:? /;

/** A line of a daemon: who wrote it, and what it says. */
export interface HostLine {
  /** Without its directory: `in.telnetd`, `sshd`, `login(pam_unix)`. */
  readonly program: string;
  /** No blanks, NUL or line ends around them. */
  readonly words: string;
}

/** The program and its words; undefined when the message names no program. */
export function hostLine(message: SyslogMessage): HostLine | undefined {
  const tagged = message.appName === undefined ? untagged(message.message) : message;
  if (tagged?.appName === undefined) return undefined;
  const { appName } = tagged;
  return {
    program: appName.startsWith('/') ? appName.slice(appName.lastIndexOf('/') + 1) : appName,
    words: tagged.message.replace(KERNEL_STAMP, '').trim(),
  };
}

/** metalog leaves the colon away: `[sshd] text`. */
function untagged(text: string): { appName?: string; message: string } | undefined {
  const match = /^\[([a-z][\w.-]{1,47})\] /.exec(text);
  return match === null ? undefined : { appName: match[1]!, message: text.slice(match[0].length) };
}

/**
 * The remote end as daemons print it: an address (mapped IPv4 becomes IPv4) or, where the daemon looked it up, a host
 * name. Undefined when it is neither, or `port` is not a port number. Dotted digits that are no address are no name.
 */
export function remoteEnd(host: string, port?: string): Endpoint | undefined {
  const number = port === undefined ? undefined : decimal(port, UINT16);
  if (number === -1) return undefined;
  const at = number === undefined ? {} : { port: number };
  const ip = canonicalIp(host);
  if (ip !== undefined) return { ip, ...at };
  return isName(host) ? { name: host, ...at } : undefined;
}

/** Whether two ends are the same machine, as far as the line says. */
export function isSameHost(a: Endpoint, b: Endpoint): boolean {
  return a.ip === b.ip && a.name === b.name;
}

/** A stranger's text, bounded; no half of a character is left at the cut. */
export function strangersText(text: string): string {
  return text.length <= MAX_STRANGERS_TEXT
    ? text
    : text.slice(0, MAX_STRANGERS_TEXT).replace(/[\uD800-\uDBFF]$/, '');
}

function isName(text: string): boolean {
  return (
    text.length <= MAX_NAME && /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text) && !/(?:^|\.)\d+\.?$/.test(text)
  );
}
