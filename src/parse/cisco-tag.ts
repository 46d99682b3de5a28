import { isClockZoneName } from '../lib/time-zone.ts';
import type { SyslogMessage } from '../types.ts';

/** A Cisco system message: `%FACILITY[-SUBFACILITY]-SEVERITY-MNEMONIC: body`. */
export interface CiscoMessage {
  /** With its subfacilities: `SEC`, `IPV6_ACL`, `ACL-IPV4_ACL`, `ASA-session`. */
  readonly facility: string;
  readonly severity: number;
  /** Upper-case word (small letters are rare: `TCP_OoO_SEG`), or six digits on ASA and its family. */
  readonly mnemonic: string;
  readonly body: string;
  /** Device name between the header and the tag (`logging origin-id`, ASA `device-id`). */
  readonly origin?: string;
  /** IOS XR wrote it: `node:time: process[pid]: %...`. */
  readonly xr: boolean;
}

/**
 * Bounded, so that hostile text costs a constant per `%`. Relays lose the percent sign of firewall tags now and
 * then, and some double it; the colon after the tag may be missing or stand after a space.
 */
const TAG =
  /(?<![^\s:])(?:%{1,2}|(?=(?:ASA|PIX|FWSM|FTD|NGIPS)-))([A-Z][A-Z0-9_]{0,31}(?:-[A-Za-z0-9_]{1,32}){0,4})-([0-7])-([A-Z0-9_][A-Za-z0-9_]{1,63})(?=[\s:]|$) ?:?/;

const LONGEST_HEADER = 256;
const LONGEST_TAG = 256;
const LONGEST_RELAY = 512;
/** The last one of a header. */
const INNER_PRI = /^.*<\d{1,3}> */s;
/** Relay, host, task: more words than these before a tag are a sentence, not a header. */
const MOST_NAMES = 3;
/** A relay and the host whose line it passes on. */
const MOST_HOSTS = 2;

const MONTH = /^[*.]?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}$/;
const NUMBER = /^\d{1,20}:?$/;
const CLOCK = /^[*.]?\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?:?$/;
const UPTIME = /^[*.]?(?:\d{1,4}[ywdhms]){1,5}:?$/;
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T[\d:.+-]{5,24}Z?:?$/;
const ZONE = /^(?:[A-Z]{1,5}|[+-]\d{2}:?\d{2}:?)$/;
const NAME = /^\*?[\p{L}\p{N}_.:@/+#-]{1,128}$/u;
const XR_HEADER =
  /^(?<before>.{0,120}\s|)[\w/.-]{1,64}:(?:\d{4} )?[*.]?[A-Z][a-z]{2} {1,2}\d{1,2} [^[\]]{8,40}: {1,2}\w[\w.-]{0,40}\[\d{1,10}\]: ?$/;

/**
 * Finds the Cisco tag of a message and what stands behind it, or undefined when there is none. What stands before
 * the tag must be a header and nothing else: counters, times, and at most three names of which only the first after
 * a time may lack its colon. A tag inside another program's sentence is that program's text.
 */
export function findCiscoTag(message: SyslogMessage): CiscoMessage | undefined {
  const text = textOf(message);
  const match = TAG.exec(text.slice(0, LONGEST_HEADER + LONGEST_TAG));
  if (match === null || match.index > LONGEST_HEADER) return undefined;
  const before = text.slice(0, match.index);
  const header = readXrHeader(before) ?? readHeader(before, message);
  if (header === undefined) return undefined;
  const [tag, facility = '', severity, mnemonic = ''] = match;
  const body = text.slice(match.index + tag.length).trim();
  return { facility, severity: Number(severity), mnemonic, body, ...header };
}

/**
 * The text to search. RFC 5424 fields are no Cisco header, but a relay that rewrites to RFC 5424 puts the tag into
 * APP-NAME; a repeated message is its inner text.
 */
function textOf(message: SyslogMessage): string {
  if (message.format !== 'rfc5424')
    return message.repeated === undefined ? withoutRelay(message) : message.message;
  return message.appName?.startsWith('%') ? `${message.appName}: ${message.message}` : message.message;
}

/** Behind the header of a relay that passes the device's PRI on, where decode has taken it for one: from the device's own header on. */
function withoutRelay({ text, message }: SyslogMessage): string {
  const header = text.slice(0, text.length - message.length);
  const relay = INNER_PRI.exec(header.slice(0, LONGEST_RELAY));
  return relay !== null && text.endsWith(message) ? text.slice(relay[0].length) : text;
}

function readXrHeader(before: string): { readonly xr: true; readonly origin?: string } | undefined {
  const match = XR_HEADER.exec(before);
  if (match === null) return undefined;
  const origin = match.groups?.before?.trim().split(' ').at(-1) ?? '';
  return /^[\w.-]*[A-Za-z][\w.-]*$/.test(origin) ? { xr: true, origin } : { xr: true };
}

/** Where an RFC 5424 header has told the host, a name without its colon begins a sentence; where it has told a program, any name. */
function readHeader(
  before: string,
  { format, appName }: SyslogMessage,
): { readonly xr: false; readonly origin?: string } | undefined {
  const named = format === 'rfc5424';
  const most = named && appName !== undefined ? 0 : MOST_NAMES;
  let origin: string | undefined;
  let names = 0;
  /** Names without a colon, one behind the other. */
  let row = 0;
  let sentence = false;
  let open = false;
  let previous: 'clock' | 'number' | 'name' = 'number';
  for (const word of before.replace(/^\s*:/, '').split(/\s+/)) {
    if (word === ':') open = false;
    if (word === '' || word === ':' || word === '-') continue;
    if (open && named) return undefined;
    const kind = kindOf(word, previous === 'clock');
    if (kind === 'name') {
      if (!NAME.test(word) || ++names > most) return undefined;
      const closed = word.endsWith(':');
      open = !closed;
      row = closed ? 0 : row + 1;
      if (row > MOST_HOSTS) return undefined;
      if (!closed && previous === 'name') sentence = true;
      if (!word.startsWith('*')) origin = closed ? word.slice(0, -1) : word;
    } else {
      row = 0;
      // Behind the time of a relay comes the device's own; a number proves nothing.
      if (!NUMBER.test(word)) sentence = false;
    }
    previous = kind;
  }
  if (sentence || (open && named)) return undefined;
  return origin === undefined ? { xr: false } : { xr: false, origin };
}

/** A zone name stands only behind a clock that was not closed by a colon. */
function kindOf(word: string, afterClock: boolean): 'clock' | 'number' | 'name' {
  if (CLOCK.test(word) || ISO_TIME.test(word)) return word.endsWith(':') ? 'number' : 'clock';
  if (MONTH.test(word) || NUMBER.test(word) || UPTIME.test(word) || (afterClock && isZone(word)))
    return 'number';
  return 'name';
}

/** Closed by its colon, whatever administrators called it: in decode's header it would have been the device's name otherwise. */
function isZone(word: string): boolean {
  return ZONE.test(word) || (word.endsWith(':') && isClockZoneName(word.slice(0, -1)));
}
