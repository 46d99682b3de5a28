import type { Action, AttemptKind, Endpoint, SyslogMessage } from '../types.ts';
import type { AttemptDraft } from './draft.ts';
import { hostLine, isSameHost, remoteEnd, strangersText } from './host-line.ts';
import type { ParseResult, Parser } from './parser.ts';
import { readAuthentication } from './sshd-authentication.ts';

/**
 * OpenSSH sshd, old and new (auth.c, auth2.c, packet.c, sshd.c; since 9.8 most of it logs as `sshd-session`).
 *
 * `login` is somebody who tried to log in: `failed`, `denied` (known, but shut out) or `allowed`. `request` is somebody
 * who reached the port and showed no user we must count: a scanner's bad banner, a handshake that broke off, a
 * connection closed before it was authenticated, a public key that is not listed (an honest client shows all it has).
 * One password failure may be written as three lines; which of them arrive depends on sshd's version and settings, so
 * each one counts.
 *
 * User names, banners, key ids and parting words are a stranger's. The address is read only where sshd prints it: at
 * the end of lines with such text in front of it, at the start of lines with it behind.
 */
export const sshd: Parser = { name: 'sshd', parse };

const PROGRAMS: ReadonlySet<string> = new Set(['sshd', 'sshd-session', 'sshd-auth']);
const SSH_PORT = 22;
const LEVEL = /^(?:error|fatal|info): /;
const PREAUTH = ' [preauth]';
const FROM = ' from ';
const UNKNOWN_USER = /^(?:invalid|illegal) user /;
const STRANGER = /^(?:authenticating|invalid) user /;

/** Reads what follows the start of a line. `preauth` is whether the client had not authenticated. */
type Reader = (rest: string, preauth: boolean) => ParseResult;

const SHAPES: readonly (readonly [string, Reader])[] = [
  ['Failed ', (rest) => authentication(rest, 'failed')],
  ['Accepted ', (rest) => authentication(rest, 'allowed')],
  ['Invalid user ', userAndEnd('login', 'failed')],
  ['Illegal user ', userAndEnd('login', 'failed')],
  ['maximum authentication attempts exceeded for ', userAndEnd('login', 'failed')],
  ['PAM: ', pamFailure],
  ['User ', refusedUser],
  ['ROOT LOGIN REFUSED FROM ', (rest) => login('denied', atEnd(rest), 'root')],
  ['Did not receive identification string from ', (rest) => contact('failed', atEnd(rest))],
  ['Bad protocol version identification ', (rest) => contact('failed', atEnd(afterLastFrom(rest)))],
  ['Magic value check failed ', (rest) => contact('failed', atEnd(afterLastFrom(rest)))],
  ['Unable to negotiate with ', (rest) => contact('failed', beforeReason(rest))],
  ['banner exchange: Connection from ', (rest) => contact('failed', beforeReason(rest))],
  ['scanned from ', (rest) => contact('failed', ends(/^(\S+) with /.exec(rest)))],
  ['Received disconnect from ', receivedDisconnect],
  ['Timeout before authentication for ', timeout],
  ['drop connection #', droppedConnection],
  ['Connection from ', connection],
  ['Connection closed by ', connectionEnd],
  ['Connection reset by ', connectionEnd],
  ['Disconnected from ', connectionEnd],
  ['Disconnecting ', connectionError],
  ['ssh_dispatch_run_fatal: Connection from ', connectionError],
];

function parse(message: SyslogMessage): ParseResult | undefined {
  const said = hostLine(message);
  if (said === undefined) return undefined;
  const { program, words } = said;
  if (program.startsWith('sshd(')) return ignored("PAM's word on an attempt sshd reports itself");
  if (!PROGRAMS.has(program)) return undefined;
  if (words.startsWith('refused connect from ') || words.startsWith('connect from ')) return undefined;
  const preauth = words.endsWith(PREAUTH);
  const line = (preauth ? words.slice(0, -PREAUTH.length) : words).replace(LEVEL, '');
  for (const [start, read] of SHAPES) {
    if (line.startsWith(start)) return read(line.slice(start.length), preauth);
  }
  return ignored('reports no attempt, or no address with it');
}

function authentication(rest: string, action: 'failed' | 'allowed'): ParseResult {
  const read = readAuthentication(rest);
  if (typeof read === 'string') return malformed(read);
  const shownKey = action === 'failed' && read.method === 'publickey' && !read.unknownUser;
  return attempt(shownKey ? 'request' : 'login', action, read.source, read.user);
}

/** `[invalid user ]USER from ADDRESS[ port PORT][ ssh2]` */
function userAndEnd(kind: AttemptKind, action: Action): Reader {
  return (rest) => {
    const user = rest.replace(UNKNOWN_USER, '');
    return attemptOrMalformed(kind, action, atEnd(afterLastFrom(user)), beforeLastFrom(user));
  };
}

/** `REASON for [illegal user ]USER from HOST[ via LOCAL]`; the reason is PAM's (pam_strerror) and holds no ` for `. */
function pamFailure(rest: string): ParseResult {
  const at = rest.indexOf(' for ');
  if (at < 0) return ignored('reports no attempt, or no address with it');
  const end = rest.slice(at + ' for '.length).replace(/ via \S+$/, '');
  return userAndEnd('login', 'failed')(end, false);
}

/** `USER from HOST not allowed because REASON`; the user exists, so this name is not a stranger's invention. */
function refusedUser(rest: string): ParseResult {
  const at = rest.lastIndexOf(' not allowed because ');
  const line = at < 0 ? '' : rest.slice(0, at);
  if (!line.includes(FROM)) return ignored('reports no attempt, or no address with it');
  return userAndEnd('login', 'denied')(line, false);
}

/** `ADDRESS[ port PORT]: CODE: TEXT`; behind the code stand the client's parting words. */
function receivedDisconnect(rest: string, preauth: boolean): ParseResult {
  const match = /^(\S+)(?: port (\d{1,5}))?: ?(\d{1,5}):/.exec(rest);
  if (match === null) return malformed('no address and code');
  const noMoreMethods = match[3] === '14';
  if (!preauth && !noMoreMethods && !rest.endsWith(': Auth fail'))
    return ignored('an authenticated session ended');
  return contact('failed', ends(match));
}

/** `ADDRESS[ port PORT]`, since 9.8 `connection from ADDRESS to LOCAL, pid = N`. */
function timeout(rest: string): ParseResult {
  const match = /^connection from (\S+) to (\S+), pid = \d+$/.exec(rest);
  if (match === null) return contact('failed', atEnd(rest));
  return contact('failed', remoteEnd(match[1]!), localEnd(match[2]!));
}

/** `N from [ADDRESS]:PORT on [LOCAL]:PORT past MaxStartups`, or for a penalty (sshd_config PerSourcePenalties). */
function droppedConnection(rest: string): ParseResult {
  const match = /^\d{1,10} from \[([^\]\s]+)\]:(\d{1,5}) on \[([^\]\s]+)\]:(\d{1,5}) /.exec(rest);
  if (match === null) return malformed('no connection');
  return contact('denied', ends(match), localEnd(match[3]!, match[4]));
}

/** `ADDRESS port PORT[ on LOCAL port PORT[ rdomain "NAME"]]` */
function connection(rest: string): ParseResult {
  const match = /^(\S+) port (\d{1,5})(?: on (\S+) port (\d{1,5})(?: rdomain "[^"]*")?)?$/.exec(rest);
  if (match === null) return malformed('no connection');
  return contact('allowed', ends(match), match[3] === undefined ? undefined : localEnd(match[3], match[4]));
}

/** `[authenticating user USER |invalid user USER |user USER ]ADDRESS[ port PORT]` */
function connectionEnd(rest: string, preauth: boolean): ParseResult {
  if (!preauth && !STRANGER.test(rest)) return ignored('an authenticated session ended');
  const match = /(?:^| )(\S+) port (\d{1,5})$/.exec(rest) ?? /^(\S+)$/.exec(rest);
  return contact(
    'failed',
    ends(match),
    undefined,
    match === null ? undefined : userBefore(rest, match.index),
  );
}

/** `[authenticating user USER |invalid user USER ]ADDRESS port PORT: REASON`, where the reason may quote the user. */
function connectionError(rest: string): ParseResult {
  let found: RegExpExecArray | undefined;
  let source: Endpoint | undefined;
  for (const match of rest.matchAll(/(?:^| )(\S+) port (\d{1,5}): /g)) {
    const end = ends(match);
    if (end === undefined) continue;
    if (source !== undefined && !isSameHost(source, end))
      return malformed('it can be read with two source addresses');
    found ??= match;
    source ??= end;
  }
  return contact('failed', source, undefined, found && userBefore(rest, found.index));
}

function userBefore(text: string, end: number): string | undefined {
  const preamble = text.slice(0, end);
  const at = preamble.indexOf('user ');
  return at < 0 ? undefined : preamble.slice(at + 'user '.length);
}

function afterLastFrom(text: string): string {
  const at = text.lastIndexOf(FROM);
  return at < 0 ? '' : text.slice(at + FROM.length);
}

function beforeLastFrom(text: string): string {
  return text.slice(0, Math.max(0, text.lastIndexOf(FROM)));
}

/** A text that is `ADDRESS[ port PORT][ ssh2]` and nothing else. */
function atEnd(text: string): Endpoint | undefined {
  return ends(/^(\S+)(?: port (\d{1,5}))?(?: ssh\d)?$/.exec(text));
}

/** A text that begins `ADDRESS[ port PORT]: `. */
function beforeReason(text: string): Endpoint | undefined {
  return ends(/^(\S+?)(?: port (\d{1,5}))?: /.exec(text));
}

/** The end of a match whose first group is an address and whose second, if there is one, a port. */
function ends(match: RegExpExecArray | null): Endpoint | undefined {
  return match === null ? undefined : remoteEnd(match[1]!, match[2]);
}

function localEnd(host: string, port?: string): Endpoint {
  return { port: SSH_PORT, ...remoteEnd(host, port) };
}

function login(action: Action, source: Endpoint | undefined, user: string): ParseResult {
  return attemptOrMalformed('login', action, source, user);
}

function contact(
  action: Action,
  source: Endpoint | undefined,
  destination?: Endpoint,
  user?: string,
): ParseResult {
  return attemptOrMalformed('request', action, source, user, destination);
}

function attemptOrMalformed(
  kind: AttemptKind,
  action: Action,
  source: Endpoint | undefined,
  user?: string,
  destination?: Endpoint,
): ParseResult {
  if (source === undefined) return malformed('no source address where sshd prints it');
  return attempt(kind, action, source, user, destination);
}

function attempt(
  kind: AttemptKind,
  action: Action,
  source: Endpoint,
  user?: string,
  destination: Endpoint = { port: SSH_PORT },
): ParseResult {
  const draft: AttemptDraft = {
    kind,
    action,
    parser: 'sshd',
    vendor: 'OpenBSD',
    product: 'OpenSSH',
    source,
    destination,
    transport: 'tcp',
    count: 1,
    service: 'sshd',
  };
  if (user !== undefined && user !== '') draft.user = strangersText(user);
  return { kind: 'attempt', attempt: draft };
}

function ignored(reason: string): ParseResult {
  return { kind: 'ignored', parser: 'sshd', reason };
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'sshd', reason };
}
