import {
  CLOSE,
  COLON,
  DASH,
  DOT,
  isDigit,
  isLower,
  isUpper,
  OPEN,
  SPACE,
  skipDigits,
  skipSpaces,
} from './scan.ts';

/** RFC 5424 allows 48 octets; systemd units and Java programs take more. */
const MAX_NAME = 96;
const MAX_PID = 64;

/** A program's tag and where the message after it begins. */
export interface Tag {
  readonly name: string;
  readonly pid?: string;
  readonly end: number;
}

/** Programs that pass on packet records; any other word directly before one is the record's own log prefix. */
const PACKET_LOGGERS: ReadonlySet<string> = new Set(['kernel', 'klogd', 'ulogd']);

/**
 * The TAG of RFC 3164 5.3 at `at`: `name: `, `name[pid]:`, `name[123] ` (no colon), `[name]: `. Undefined when the
 * text there does not have the shape: then it is the message's first word, which nobody may take away.
 */
export function scanTag(text: string, at: number): Tag | undefined {
  if (text.charCodeAt(at) === OPEN) return scanBracketedTag(text, at);
  const nameEnd = scanName(text, at);
  if (nameEnd === at) return undefined;
  const code = text.charCodeAt(nameEnd);
  if (code === COLON) return scanBareTag(text, at, nameEnd);
  return code === OPEN ? scanTagWithPid(text, at, nameEnd) : undefined;
}

/** Whether `name[pid]:` stands at `at`: the one tag that can not be taken for anything else. */
export function hasTagWithPid(text: string, at: number): boolean {
  const nameEnd = scanName(text, at);
  return nameEnd > at && text.charCodeAt(nameEnd) === OPEN && scanTagWithPid(text, at, nameEnd) !== undefined;
}

/** `sshd:`; digits alone are a Cisco counter, and `CEF:0|` without a space is the format's own first word. */
function scanBareTag(text: string, at: number, colon: number): Tag | undefined {
  const next = text.charCodeAt(colon + 1);
  if (next !== SPACE && next !== OPEN && !Number.isNaN(next)) return undefined;
  if (skipDigits(text, at) === colon) return undefined;
  const name = text.slice(at, colon);
  const end = skipSpaces(text, colon + 1);
  return opensPacketRecord(text, end) && !PACKET_LOGGERS.has(name) ? undefined : { name, end };
}

function scanTagWithPid(text: string, at: number, open: number): Tag | undefined {
  let close = open + 1;
  while (close - open <= MAX_PID && isPidChar(text.charCodeAt(close))) close++;
  if (close === open + 1 || text.charCodeAt(close) !== CLOSE) return undefined;
  const after = text.charCodeAt(close + 1);
  if (after !== COLON && !(after === SPACE && skipDigits(text, open + 1) === close)) return undefined;
  const name = text.slice(at, open);
  const pid = text.slice(open + 1, close);
  const end = skipSpaces(text, after === COLON ? close + 2 : close + 1);
  return pid === '-' ? { name, end } : { name, pid, end };
}

function scanBracketedTag(text: string, at: number): Tag | undefined {
  const nameEnd = scanName(text, at + 1);
  if (nameEnd === at + 1 || text.charCodeAt(nameEnd) !== CLOSE || text.charCodeAt(nameEnd + 1) !== COLON) {
    return undefined;
  }
  return { name: text.slice(at + 1, nameEnd), end: skipSpaces(text, nameEnd + 2) };
}

/** netfilter and MikroTik records begin with the interface the packet came in by. */
function opensPacketRecord(text: string, at: number): boolean {
  return text.startsWith('IN=', at) || text.startsWith('in:', at);
}

function scanName(text: string, at: number): number {
  let i = at;
  while (i - at <= MAX_NAME && isNameChar(text.charCodeAt(i))) i++;
  return i - at > MAX_NAME ? at : i;
}

/** Letters, digits and what program names are written with: `postfix/smtpd`, `login(pam_unix)`, `user@1000.service`. */
function isNameChar(code: number): boolean {
  if (isLower(code) || isUpper(code) || isDigit(code)) return true;
  return (
    code === DASH || code === DOT || code === 95 || (code >= 40 && code <= 43) || code === 47 || code === 64
  );
}

function isPidChar(code: number): boolean {
  return code > SPACE && code !== OPEN && code !== CLOSE;
}
