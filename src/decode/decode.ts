import type { SyslogMessage } from '../types.ts';
import type { DecodeOptions, Header } from './header.ts';
import { scanMnemonicHeader } from './mnemonic-header.ts';
import { scanPri, setPriority } from './pri.ts';
import { scanRfc3164 } from './rfc3164.ts';
import { isRfc5424, scanRfc5424 } from './rfc5424.ts';
import { LESS, OPEN, skipSpaces } from './scan.ts';
import { scanTag } from './tag.ts';

export type { DecodeOptions } from './header.ts';

/** RFC 3164 4.3.3: what a message without a usable PRI is taken for, user.notice. */
const DEFAULT_FACILITY = 1;
const DEFAULT_SEVERITY = 5;
const BYTE_ORDER_MARK = 0xfeff;
/** `1 `, RFC 5424's version. */
const VERSION_LENGTH = 2;

/**
 * Decodes one frame (RFC 5424, RFC 3164 and the deviations devices make, a Cisco header, or bare text) in time linear
 * to its length. Invalid UTF-8 becomes U+FFFD; CR, LF and NUL at the end are dropped, also as a relay escapes them. Whatever the bytes are, there
 * is a message: what is not recognised as a header is its text. Throws RangeError only for an unknown `options.zone`.
 */
export function decode(bytes: Buffer | string, options: DecodeOptions): SyslogMessage {
  const line = trimEnd(typeof bytes === 'string' ? bytes : bytes.toString('utf8'));
  const header: Header = {
    facility: DEFAULT_FACILITY,
    severity: DEFAULT_SEVERITY,
    pri: 'missing',
    format: 'bare',
    message: '',
    text: '',
  };
  const start = line.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0;
  const first = skipSpaces(line, start);
  const afterPri = line.charCodeAt(first) === LESS ? scanPri(line, first, header) : start;
  // A malformed PRI stays in the text: nothing a device sent is hidden.
  const textAt = header.pri === 'stated' ? afterPri : start;
  header.text = textAt === 0 ? line : line.slice(textAt);
  const messageAt = scanHeader(header.text, afterPri - textAt, options, header);
  finish(header, messageAt);
  return header;
}

/** Reads the header from `at` on, sets the format, and gives the position where the message begins. */
function scanHeader(text: string, at: number, options: DecodeOptions, header: Header): number {
  let start = at;
  if (isRfc5424(text, at)) {
    const messageAt = scanRfc5424(text, at, options, header);
    if (messageAt >= 0) {
      header.format = 'rfc5424';
      return messageAt;
    }
    start = at + VERSION_LENGTH;
  }
  const percent = scanMnemonicHeader(text, start, options, header);
  const messageAt = percent >= 0 ? percent : scanRfc3164(text, start, options, header);
  if (header.timestamp !== undefined) header.format = 'rfc3164';
  return messageAt;
}

/** Takes what still stands in front of the message proper: a byte order mark, a repeat count, a Solaris message id. */
function finish(header: Header, messageAt: number): void {
  const { text } = header;
  header.message = text.slice(text.charCodeAt(messageAt) === BYTE_ORDER_MARK ? messageAt + 1 : messageAt);
  const code = header.message.charCodeAt(0);
  if (code === 109) unwrapRepeated(header);
  else if (code === 108 || code === 45) countRepeated(header);
  if (header.message.charCodeAt(0) === OPEN) takeMessageId(header);
}

const REPEATED = /^message repeated ([1-9]\d{0,6}) times: \[ ?/;
const LAST_REPEATED = /^(?:--- )?last message repeated ([1-9]\d{0,6}) times?/;

/** rsyslog's `message repeated 5 times: [ text]`: the text is decoded in its place. */
function unwrapRepeated(header: Header): void {
  const { message } = header;
  const match = REPEATED.exec(message);
  if (match === null) return;
  header.repeated = Number(match[1]);
  header.message = message.slice(match[0].length, message.endsWith(']') ? -1 : message.length);
  const tag = header.appName === undefined ? scanTag(header.message, 0) : undefined;
  if (tag === undefined) return;
  header.appName = tag.name;
  if (tag.pid !== undefined) header.procId = tag.pid;
  header.message = header.message.slice(tag.end);
}

/** syslogd's `last message repeated 5 times`, which does not say what was repeated. */
function countRepeated(header: Header): void {
  const match = LAST_REPEATED.exec(header.message);
  if (match !== null) header.repeated = Number(match[1]);
}

const MESSAGE_ID = /^\[ID (\d{1,10}) ([\w.]{1,24})\] ?/;

/** Solaris: `[ID 702911 local2.info] text`, see msgid(1M). */
function takeMessageId(header: Header): void {
  const match = MESSAGE_ID.exec(header.message);
  if (match === null) return;
  header.msgId ??= match[1]!;
  setPriority(match[2]!, header);
  header.message = header.message.slice(match[0].length);
}

function trimEnd(line: string): string {
  let end = line.length;
  for (let length = lineEndBefore(line, end); length > 0; length = lineEndBefore(line, end)) end -= length;
  return end === line.length ? line : line.slice(0, end);
}

/** Length of the CR, LF or NUL that ends at `end`, also as rsyslog escapes it (`#015`, `#012`, `#000`); 0 when none does. */
function lineEndBefore(line: string, end: number): number {
  const code = line.charCodeAt(end - 1);
  if (code === 10 || code === 13 || code === 0) return 1;
  if (code !== 48 && code !== 50 && code !== 53) return 0;
  return /^#0(?:00|12|15)$/.test(line.slice(Math.max(end - 4, 0), end)) ? 4 : 0;
}
