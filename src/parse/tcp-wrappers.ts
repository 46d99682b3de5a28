import type { Action, Endpoint, SyslogMessage } from '../types.ts';
import { serviceOfDaemon } from './daemon-service.ts';
import type { AttemptDraft } from './draft.ts';
import { hostLine, remoteEnd, strangersText } from './host-line.ts';
import type { ParseResult, Parser } from './parser.ts';
import { type WrappedClient, wrappedClient } from './wrapped-client.ts';

/**
 * Connections judged before a daemon saw them: TCP Wrappers (tcpd, and every daemon linked with libwrap), xinetd and
 * the inetds. A connection to the logging host, so there is no destination address; the port is the daemon's own.
 *
 *   DAEMON: refused connect from CLIENT          tcpd, refuse.c           (denied)
 *   DAEMON: connect from CLIENT                  tcpd.c                   (allowed)
 *   DAEMON: twist CLIENT to COMMAND              options.c                (denied: another program answers)
 *   xinetd: FAIL: SERVICE REASON from=ADDRESS    xinetd log.c             (denied)
 *   xinetd: START: SERVICE pid=N from=ADDRESS                             (allowed)
 *   inetd: [refused ]connection from CLIENT, service DAEMON (tcp)         the BSDs
 *   inetd: SERVICE[PID] from ADDRESS PORT                                 Solaris, `tcp_trace`
 *   rpcbind: connect from ADDRESS to CALL(PROGRAM)[: request ...]         portmap, pmap_check.c
 */
export const tcpWrappers: Parser = { name: 'tcp-wrappers', parse };

const REFUSED = /^refused connect(?:ion)? from(?: |$)/;
const CONNECT = 'connect from ';
const TWIST = 'twist ';
const WARNING = /^warning: (?:can't (?:verify|get) |host name\/|\/etc\/hosts\.)/;
const IP_OPTIONS = / with IP (?:source routing options|options \(ignored\):[ \dA-Fa-f]*)$/;
const PORTMAPPERS: ReadonlySet<string> = new Set(['portmap', 'rpcbind', 'rpc.bind']);

const LIBWRAP = { vendor: 'TCP Wrappers', product: 'tcp_wrappers' };
const XINETD = { vendor: 'xinetd', product: 'xinetd' };
const INETD = { vendor: 'inetd', product: 'inetd' };

function parse(message: SyslogMessage): ParseResult | undefined {
  const line = hostLine(message);
  if (line === undefined) return undefined;
  const { program, words } = line;
  if (program === 'xinetd') return xinetd(words);
  if (program === 'inetd') return inetd(words);
  if (PORTMAPPERS.has(program)) return portmapper(program, words);
  return wrapped(program, words);
}

function wrapped(daemon: string, words: string): ParseResult | undefined {
  if (words.startsWith(CONNECT)) {
    // Mail servers and others say this too, with a client of another shape.
    const client = clientOf(words.slice(CONNECT.length));
    return client && attempt('allowed', client, daemon);
  }
  const refused = REFUSED.exec(words);
  if (refused !== null) return refusal(daemon, clientOf(words.slice(refused[0].length)));
  if (words.startsWith(TWIST)) {
    const to = words.indexOf(' to ');
    return to < 0 ? undefined : refusal(daemon, wrappedClient(words.slice(TWIST.length, to)));
  }
  return WARNING.test(words)
    ? ignored('a warning of libwrap; the connection has a line of its own')
    : undefined;
}

/** The client of a connect line: behind it may stand what libwrap or ypserv add. */
function clientOf(text: string): WrappedClient | undefined {
  return wrappedClient(text.replace(IP_OPTIONS, '').replace(/ to procedure \w{1,40}$/, ''));
}

function refusal(daemon: string, client: WrappedClient | undefined): ParseResult {
  return client === undefined
    ? malformed('no client where libwrap prints it')
    : attempt('denied', client, daemon);
}

/** The portmapper says whom it asked for, and refuses with a reason at the end. UDP or TCP: it does not say. */
function portmapper(daemon: string, words: string): ParseResult | undefined {
  const match = /^connect from (\S+) to (\w{1,40}\([^()]{0,64}\))(: request .*)?$/.exec(words);
  const source = match === null ? undefined : remoteEnd(match[1]!);
  if (match === null || source === undefined) return wrapped(daemon, words);
  const { transport: _, ...draft } = draftOf(
    match[3] === undefined ? 'allowed' : 'denied',
    source,
    daemon,
    LIBWRAP,
  );
  return { kind: 'attempt', attempt: { ...draft, path: match[2]! } };
}

function xinetd(words: string): ParseResult {
  const fail = /^FAIL: (\S+) /.exec(words);
  const from = words.lastIndexOf(' from=');
  if (fail !== null && from > 0)
    return served('denied', fail[1]!, words.slice(from + ' from='.length), XINETD);
  const start = /^START: (\S+) (?:pid=\d+ )?from=(\S+)$/.exec(words);
  if (start !== null) return served('allowed', start[1]!, start[2]!, XINETD);
  // Says the same as FAIL, but is written also where log_on_failure is empty, as it is by default.
  const libwrap = /^libwrap refused connection to (\S+) \(libwrap=\S+\) from (\S+)$/.exec(words);
  if (libwrap !== null) return served('denied', libwrap[1]!, libwrap[2]!, XINETD);
  return ignored('reports no connection, or no address with it');
}

function inetd(words: string): ParseResult {
  const judged = /^(refused )?connection from /.exec(words);
  if (judged !== null) {
    const service = words.lastIndexOf(', service ');
    const [, daemon, transport] = /^, service (\S+) \((tcp|udp)[46]?\)$/.exec(words.slice(service)) ?? [];
    const client = wrappedClient(words.slice(judged[0].length, service));
    if (client === undefined || daemon === undefined)
      return malformed('no client and service where inetd prints them');
    return attempt(judged[1] === undefined ? 'allowed' : 'denied', client, daemon, INETD, transport);
  }
  const limit = /^(\S+) from (\S+) exceeded counts\/min \(limit \d+\/min\)/.exec(words);
  if (limit !== null) return served('denied', limit[1]!, limit[2]!, INETD);
  const trace = /^([^\s[]+)(?:\[\d+\])? from (\S+) (\d{1,5})$/.exec(words);
  if (trace !== null) return served('allowed', trace[1]!, trace[2]!, INETD, trace[3]);
  return ignored('reports no connection, or no address with it');
}

type Product = typeof LIBWRAP;

function served(action: Action, service: string, host: string, product: Product, port?: string): ParseResult {
  const source = remoteEnd(host, port);
  if (source === undefined) return malformed('what stands for the source is no address');
  return { kind: 'attempt', attempt: draftOf(action, source, service, product) };
}

function attempt(
  action: Action,
  client: WrappedClient,
  daemon: string,
  product = LIBWRAP,
  transport?: string,
): ParseResult {
  const draft = draftOf(action, client.source, daemon, product);
  if (transport !== undefined) draft.transport = transport;
  if (client.user !== undefined) draft.user = strangersText(client.user);
  return { kind: 'attempt', attempt: draft };
}

function draftOf(action: Action, source: Endpoint, daemon: string, product: Product): AttemptDraft {
  const { port, transport } = serviceOfDaemon(daemon);
  return {
    kind: 'packet',
    action,
    parser: 'tcp-wrappers',
    ...product,
    source,
    destination: port === undefined ? {} : { port },
    transport,
    count: 1,
    service: strangersText(daemon),
  };
}

function ignored(reason: string): ParseResult {
  return { kind: 'ignored', parser: 'tcp-wrappers', reason };
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'tcp-wrappers', reason };
}
