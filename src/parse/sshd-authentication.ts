import type { Endpoint } from '../types.ts';
import { isSameHost, remoteEnd } from './host-line.ts';

/** What one `Failed ...` or `Accepted ...` line says. */
export interface Authentication {
  readonly method: string;
  readonly user: string;
  /** sshd knows no such user. */
  readonly unknownUser: boolean;
  readonly source: Endpoint;
}

const HEAD = /^(\S{1,64}) for (?:(invalid|illegal) user )?/;
const FROM = ' from ';
const ORIGIN = / from (\S+) port (\d{1,5})(?: (ssh\d))?/y;
const ORIGIN_WITHOUT_PORT = /^(\S+)(?: ssh\d)?$/;

/** Key type and fingerprint, or a Kerberos principal. */
const WORDS = /^: \S+(?: \S+)?$/;
/** A certificate shows its id, a host key the client's user: text a stranger wrote, behind the address. */
const KEYED_METHODS: ReadonlySet<string> = new Set(['publickey', 'hostbased']);
const CERTIFICATE_START = /: \S+(?: \S+)? ID /y;
const CERTIFICATE_END = / \(serial \d{1,20}\) CA \S+ \S+$/;
const HOST_KEY_START = /: \S+ \S+, client user "/y;
const HOST_KEY_END = /", client host "[^"]*"$/;
/** More than sshd prints behind a certificate id or a client user. */
const LONGEST_END = 700;

/**
 * Reads what follows `Failed ` or `Accepted ` (OpenSSH auth.c, auth_log):
 *
 *   METHOD[/SUBMETHOD] for [invalid user ]USER from ADDRESS port PORT ssh2[: EXTRA]
 *
 * The user name is a stranger's and may itself read `root from 192.0.2.1 port 22 ssh2`; so may a certificate id in
 * EXTRA. An address counts only where everything behind it is what sshd prints there for that method. A line that can
 * be read so in two ways names nobody: the answer is then the reason. Protocol 1 wrote `ssh1: ruser USER` to the end
 * of the line, a stranger's text again; such an address counts only where the line has no other.
 */
export function readAuthentication(text: string): Authentication | string {
  const head = HEAD.exec(text);
  if (head === null) return 'no method and user';
  const [all, method = '', unknown] = head;
  // The space in front belongs to ` from `: an empty user name leaves nothing else there.
  const rest = text.slice(all.length);
  const origin = originOf(rest, method);
  if (typeof origin === 'string') return origin;
  return {
    method,
    user: rest.slice(0, origin.at),
    unknownUser: unknown !== undefined,
    source: origin.source,
  };
}

interface Origin {
  /** Where ` from ` begins. */
  readonly at: number;
  readonly source: Endpoint;
}

function originOf(text: string, method: string): Origin | string {
  let found: Origin | undefined;
  let rhosts: Origin | undefined;
  const isExtra = extraTest(text, method);
  for (let at = text.indexOf(FROM); at >= 0; at = text.indexOf(FROM, at + 1)) {
    ORIGIN.lastIndex = at;
    const match = ORIGIN.exec(text);
    const source = match === null ? undefined : remoteEnd(match[1]!, match[2]);
    if (match === null || source === undefined) continue;
    if (isExtra(ORIGIN.lastIndex)) {
      if (found !== undefined && !isSameHost(found.source, source))
        return 'it can be read with two source addresses';
      found = { at, source };
    } else if (match[3] === 'ssh1' && text.startsWith(': ruser ', ORIGIN.lastIndex))
      rhosts ??= { at, source };
  }
  return found ?? rhosts ?? originWithoutPort(text);
}

/** Before OpenSSH 2.1 the line ended with the address. */
function originWithoutPort(text: string): Origin | string {
  const at = text.lastIndexOf(FROM);
  const host = at < 0 ? undefined : ORIGIN_WITHOUT_PORT.exec(text.slice(at + FROM.length))?.[1];
  const source = host === undefined ? undefined : remoteEnd(host);
  return source === undefined ? 'no source address at its end' : { at, source };
}

/** Tells whether the text from `at` on is what sshd prints behind the address. What holds for the line is asked once. */
function extraTest(text: string, method: string): (at: number) => boolean {
  const end = text.slice(-LONGEST_END);
  const keyed = KEYED_METHODS.has(method);
  const certificate = keyed && CERTIFICATE_END.test(end);
  const hostKey = keyed && HOST_KEY_END.test(end);
  return (at) =>
    at === text.length ||
    WORDS.test(text.slice(at)) ||
    (certificate && startsAt(CERTIFICATE_START, text, at)) ||
    (hostKey && startsAt(HOST_KEY_START, text, at));
}

function startsAt(sticky: RegExp, text: string, at: number): boolean {
  sticky.lastIndex = at;
  return sticky.test(text);
}
