import type { Action, AttemptKind, Endpoint, SyslogMessage } from '../types.ts';
import { ctime } from './body-time.ts';
import { serviceOfDaemon } from './daemon-service.ts';
import type { AttemptDraft } from './draft.ts';
import { hostLine, isSameHost, remoteEnd, strangersText } from './host-line.ts';
import type { ParseOptions, ParseResult, Parser } from './parser.ts';

/**
 * Logins that login(1), rlogind, telnetd and ftpd judged: the BSDs (login.c `badlogin`, ftpd.c), util-linux and shadow
 * (login.c), Solaris (login.c, and /var/adm/loginlog), wu-ftpd, Kerberos 5 and Heimdal ftpd.
 *
 * /bin/login does not know whether telnetd or rlogind called it, so its attempts have no port. The host stands behind
 * `FROM` in front of the user name, or in quotes behind it; a user name is a stranger's and never counts as a host.
 */
export const login: Parser = { name: 'login', parse };

const LOGIN_PROGRAMS: ReadonlySet<string> = new Set([
  'login',
  'rlogind',
  'in.rlogind',
  'telnetd',
  'in.telnetd',
]);
const FTP_PROGRAMS: ReadonlySet<string> = new Set([
  'ftpd',
  'in.ftpd',
  'wu-ftpd',
  'wu.ftpd',
  'gssftpd',
  'gssftp',
  'lukemftpd',
]);

/** `REPEATED LOGIN FAILURES` is written at the fifth failure (BSD and Solaris login.c), or later (ftpd.c): at least so many. */
const REPEATED_FAILURES = 5;

/** Lines about the connection, not a login: libwrap's. */
const WRAPPERS_LINE = /^(?:(?:refused )?connect from(?: |$)|twist |warning: )/;
const LOCAL_HOST = /^(?:|\(null\)|<unknown>|:\d[\d.]*|(?:\/dev\/)?(?:tty\w*|pts\/\d+|vc\/\d+|console))$/;
/** How the lines below begin: one that does and fits none of them is damaged. */
const BEGINNING =
  /^(?:\d+ LOGIN FAIL|LOGIN FAILURE |REPEATED LOGIN |FAILED LOGIN |TOO MANY LOGIN |invalid password for |FTP LOGIN (?:FAILED|REFUSED) |repeated login |failed login )/i;

/** A shape of line; what its named groups hold decides the rest. `count`: how many failures the line stands for. */
interface Shape {
  readonly action: Action;
  readonly pattern: RegExp;
  readonly count?: number;
  readonly kind?: AttemptKind;
}

// In every pattern a stranger's text is the last group, or what follows it is the end of the line.
const LOGIN_SHAPES: readonly Shape[] = [
  {
    action: 'failed',
    pattern: /^(?<count>\d{1,3}) LOGIN FAILURES? (?:ON [^\s,]+|FROM (?<host>[^\s,]+))(?:, (?<user>.*))?$/s,
  },
  { action: 'failed', pattern: /^LOGIN FAILURE ON [^\s,]+(?: FROM (?<host>[^\s,]+))?(?:, (?<user>.*))?$/is },
  {
    action: 'failed',
    count: REPEATED_FAILURES,
    pattern: /^REPEATED LOGIN FAILURES ON [^\s,]+(?: FROM (?<host>[^\s,]+))?(?:, (?<user>.*))?$/s,
  },
  {
    action: 'failed',
    pattern:
      /^(?:FAILED LOGIN (?:\d{1,5}|SESSION)|TOO MANY LOGIN TRIES \(\d{1,5}\)) FROM (?<host>\S+) FOR (?<user>.*), [^,]*$/s,
  },
  {
    action: 'failed',
    pattern:
      /^(?:FAILED LOGIN|TOO MANY LOGIN TRIES) \(\d{1,5}\)(?: on '[^'\s]*')?(?: from '(?<host>[^'\s]*)')? FOR '(?<user>.*)'(?:, [^,]*)?$/s,
  },
  {
    action: 'failed',
    pattern: /^invalid password for '(?<user>.*)' on '[^'\s]*'(?: from '(?<host>[^'\s]*)')?$/s,
  },
  { action: 'denied', pattern: /^ROOT LOGIN REFUSED(?: ON [^\s,]+)?(?: FROM (?<host>[^\s,]+))?$/ },
  { action: 'denied', pattern: /^ILLEGAL ROOT LOGIN {1,2}on '[^'\s]*'(?: from '(?<host>[^'\s]*)')?$/ },
  {
    action: 'denied',
    pattern: /^LOGIN (?<user>\S+) REFUSED \([^()]{1,64}\) (?:FROM (?<host>\S+) )?ON TTY \S+$/,
  },
  {
    action: 'allowed',
    pattern:
      /^(?:ROOT )?LOGIN(?: \([^()]{1,64}\))? ON [^\s,]+(?: BY (?<user>\S+))?(?: FROM (?<host>[^\s,]+))?$/,
  },
  { action: 'allowed', pattern: /^ROOT LOGIN {1,2}on '[^'\s]*'(?: from '(?<host>[^'\s]*)')?$/ },
];

const FTP_HOST = '(?<host>[^\\s,()[\\]]+)(?: ?[[(](?<address>[^\\s()[\\]]*)[\\])])?';
const FTP_SHAPES: readonly Shape[] = [
  { action: 'failed', pattern: new RegExp(`^FTP LOGIN FAILED FROM ${FTP_HOST}(?:, (?<user>.*))?$`, 's') },
  {
    action: 'failed',
    pattern: new RegExp(
      `^(?:failed login|REFUSED "NULL"|expired password) from ${FTP_HOST}(?:, (?<user>.*))?$`,
      's',
    ),
  },
  {
    action: 'failed',
    count: REPEATED_FAILURES,
    pattern: new RegExp(`^repeated login failures from ${FTP_HOST}$`),
  },
  {
    action: 'denied',
    pattern: new RegExp(`^FTP LOGIN REFUSED (?:\\([^()]{1,64}\\) )?FROM ${FTP_HOST}(?:, (?<user>.*))?$`, 's'),
  },
  {
    action: 'denied',
    pattern: new RegExp(`^ACCESS DENIED (?:\\([^()]{1,64}\\) )?TO ${FTP_HOST}$`),
    kind: 'request',
  },
  {
    action: 'allowed',
    pattern: new RegExp(`^(?:ANONYMOUS )?FTP LOGIN FROM ${FTP_HOST}(?:, (?<user>.*))?$`, 's'),
  },
  {
    action: 'allowed',
    pattern: new RegExp(`^connection from ${FTP_HOST}(?: at [\\w :]{1,40})?$`),
    kind: 'request',
  },
];

/** /var/adm/loginlog (Solaris loginlog(4), login.c `logit`): `USER:TTY:CTIME`, no host. */
const LOGINLOG =
  /^(?<user>.{0,256}):\/dev\/[\w/.-]{1,64}:(?<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})$/s;

function parse(message: SyslogMessage, { zone = 'UTC' }: ParseOptions): ParseResult | undefined {
  if (message.text.includes(':/dev/') && message.pri === 'missing') {
    const entry = LOGINLOG.exec(message.text);
    if (entry !== null) {
      const { time, user } = entry.groups as { time: string; user: string };
      return attempt('login', 'login', 'failed', {}, 1, user, ctime(time, zone));
    }
  }
  const line = hostLine(message);
  if (line === undefined) return undefined;
  const { program, words } = line;
  const shapes = LOGIN_PROGRAMS.has(program)
    ? LOGIN_SHAPES
    : FTP_PROGRAMS.has(program)
      ? FTP_SHAPES
      : undefined;
  if (shapes === undefined || WRAPPERS_LINE.test(words)) return undefined;
  for (const shape of shapes) {
    const match = shape.pattern.exec(words);
    if (match !== null) return read(program, shape, match.groups ?? {});
  }
  return BEGINNING.test(words)
    ? malformed('a failure without a host where the program prints it')
    : ignored('reports no login');
}

type Groups = Readonly<Record<string, string | undefined>>;

function read(program: string, shape: Shape, groups: Groups): ParseResult {
  const { host, address, user } = groups;
  if (host === undefined || LOCAL_HOST.test(host)) return ignored('at a terminal, not over the network');
  if (isAmbiguous(host, user)) return malformed('it can be read with two hosts');
  const source = sourceOf(host, address, shape);
  if (source === undefined) return malformed('no host where the program prints it');
  const count = Math.max(1, Number(groups.count ?? shape.count ?? 1));
  return attempt(shape.kind ?? 'login', program, shape.action, source, count, user);
}

/**
 * The host, and in brackets its address; behind `connection from` also the other way round, so that two addresses
 * there leave open which one is a name that imitates an address.
 */
function sourceOf(host: string, address: string | undefined, shape: Shape): Endpoint | undefined {
  // OpenBSD's login prints rlogin's remote user in front; busybox telnetd gives login its socket.
  const named = remoteEnd(host.slice(host.lastIndexOf('@') + 1).replace(/^([\d.]+):\d{1,5}$/, '$1'));
  const bracketed = address === undefined ? undefined : remoteEnd(address);
  if (bracketed?.ip === undefined) return named;
  const open = shape.kind === 'request' && named?.ip !== undefined && !isSameHost(named, bracketed);
  return open ? undefined : bracketed;
}

/** In `FROM x@A, y@B, z` rlogin's remote user is `x` or `x@A, y`. */
function isAmbiguous(host: string, user: string | undefined): boolean {
  return host.includes('@') && user?.includes('@') === true;
}

function attempt(
  kind: AttemptKind,
  program: string,
  action: Action,
  source: Endpoint,
  count: number,
  user?: string,
  stampMs?: number,
): ParseResult {
  const draft: AttemptDraft = {
    kind,
    action,
    parser: 'login',
    vendor: 'Unix',
    product: FTP_PROGRAMS.has(program) ? 'ftpd' : 'login',
    source,
    destination: {},
    count,
    service: program,
  };
  if (program !== 'login') {
    const { port, transport } = serviceOfDaemon(program);
    if (port !== undefined) draft.destination = { port };
    draft.transport = transport;
  }
  if (stampMs !== undefined) draft.stampMs = stampMs;
  if (user !== undefined && user !== '') draft.user = strangersText(user);
  return { kind: 'attempt', attempt: draft };
}

function ignored(reason: string): ParseResult {
  return { kind: 'ignored', parser: 'login', reason };
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'login', reason };
}
