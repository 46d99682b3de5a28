import type { Endpoint, SyslogMessage } from '../types.ts';
import { clfTime } from './body-time.ts';
import { decimal, UINT16 } from './decimal.ts';
import type { AttemptDraft } from './draft.ts';
import { remoteEnd, strangersText } from './host-line.ts';
import { isCef } from './lost-header.ts';
import type { ParseResult, Parser } from './parser.ts';
import { isWebProbe } from './web-probes.ts';

/**
 * Web requests in NCSA common and combined log format, as Apache (mod_log_config), nginx and most others write it, from
 * the server's file or through syslog; Apache's `vhost_combined` has `VHOST:PORT` in front:
 *
 *   HOST IDENT USER [DAY/MON/YEAR:HH:MM:SS ZONE] "REQUEST" STATUS BYTES ["REFERER" "AGENT"]
 *
 * The client's address is the first field. Everything a stranger writes comes behind it; in quotes, and in USER, the
 * servers escape `"`, so the first `] "` ends the front part. `failed` is a request the server refused (4xx, 5xx) or a
 * probe, whatever it was answered; anything else is `allowed`. The format does not say the port unless VHOST does: 80.
 */
export const http: Parser = { name: 'http', parse };

const HTTP_PORT = 80;
/** Tags of web servers, proxies and whatever sites call the log they forward. */
const WEB_SERVER = /http|apache|nginx|caddy|traefik|varnish|haproxy|squid|proxy|tomcat|jetty|www|web|access/i;
const FRONT = /^(\S+) (\S+) (.*) \[(\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})$/s;
const VHOST = /^[^\s:]+:(\d{1,5}) /;
const BACK = /^((?:[^"\\]|\\.)*)" (\d{3}) (?:\d+|-)(?: |$)/s;
const REQUEST = /^[A-Z][A-Z_-]{0,31} (.*?)(?: HTTP\/\d(?:\.\d)?)?$/s;
const SEAM = '] "';

function parse(message: SyslogMessage): ParseResult | undefined {
  if (!message.text.includes(SEAM) || isCef(message.message)) return undefined;
  // Other programs quote what strangers send them, and that may be a whole access log line.
  if (message.appName !== undefined && !WEB_SERVER.test(message.appName)) return undefined;
  const line = read(message.message);
  // From a file decode may have taken the line's own front for a header; a line with a time of its own came by syslog.
  return line ?? (message.timestamp === undefined ? read(message.text) : undefined);
}

function read(text: string): ParseResult | undefined {
  const seam = text.indexOf(SEAM);
  if (seam < 0) return undefined;
  const vhost = VHOST.exec(text);
  const front = FRONT.exec(text.slice(vhost?.[0].length ?? 0, seam));
  if (front === null) return undefined;
  const [, host = '', ident = '', user = '', time = ''] = front;
  const back = BACK.exec(text.slice(seam + SEAM.length));
  if (back === null) return malformed('no request and status behind the time');
  const source = remoteEnd(host);
  if (source === undefined) return malformed('the first field is no host');
  // Another log format with the requested host in front would have the client here, and a stranger's word there.
  if (remoteEnd(ident)?.ip !== undefined) return malformed('two addresses in front of the time');
  const port = vhost === null ? HTTP_PORT : decimal(vhost[1]!, UINT16);
  if (port < 0) return malformed('the virtual host has no port number');
  return attempt(source, { port }, back[1]!, Number(back[2]), user, clfTime(time));
}

function attempt(
  source: Endpoint,
  destination: Endpoint,
  request: string,
  status: number,
  user: string,
  stampMs: number | undefined,
): ParseResult {
  const target = REQUEST.exec(request)?.[1] ?? request;
  const draft: AttemptDraft = {
    kind: 'request',
    action: status >= 400 || isWebProbe(target) ? 'failed' : 'allowed',
    parser: 'http',
    vendor: 'NCSA',
    product: 'http',
    source,
    destination,
    transport: 'tcp',
    count: 1,
    service: 'http',
    path: strangersText(target),
  };
  if (stampMs !== undefined) draft.stampMs = stampMs;
  if (user !== '-' && user !== '' && user !== '""') draft.user = strangersText(user);
  return { kind: 'attempt', attempt: draft };
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'http', reason };
}
