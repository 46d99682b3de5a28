import { isClockZoneName } from '../lib/time-zone.ts';
import type { Stamp } from '../types.ts';
import { type DecodeOptions, type Header, moveToRelay, setHostname } from './header.ts';
import { findMnemonic } from './mnemonic.ts';
import { ASTERISK, COLON, PERCENT, SPACE, skipDigits, skipSpaces } from './scan.ts';
import { hasTagWithPid } from './tag.ts';
import { scanStamp, scanUptime } from './timestamp.ts';

const MAX_SEQUENCE_DIGITS = 15;
const MAX_ORIGIN_WORDS = 5;

/**
 * Reads the header of a `%FACILITY-SEVERITY-MNEMONIC` message (Cisco, and who copies it) and gives the position of
 * its percent sign, where the message begins, or -1 when the text is no such message:
 * `[COUNT:] [RELAYTIME HOST] [ORIGIN:] [SEQ:] [*|.][TIME [ZONE]]: %...`. Every word in front of the sign must have a
 * place in that header; in other text the sign stands in a sentence that somebody else may have written.
 */
export function scanMnemonicHeader(
  text: string,
  start: number,
  options: DecodeOptions,
  header: Header,
): number {
  const percent = findMnemonic(text, start);
  if (percent < 0) return -1;
  const scanner = new HeaderScanner(text.slice(start, percent), options);
  if (!scanner.scan()) return -1;
  scanner.fill(header);
  return percent;
}

/** One stamp and the host name written after it: a relay's when another one follows. */
interface Stage {
  readonly stamp: Stamp;
  host?: string;
}

/** Moves through the text before the percent sign, item by item; each may stand only where a header has it. */
class HeaderScanner {
  readonly #text: string;
  readonly #options: DecodeOptions;
  readonly #stages: Stage[] = [];
  #at = 0;
  #host: string | undefined;
  #origin: string | undefined;
  #originHasSpaces = false;
  #sequence: number | undefined;
  #process: string | undefined;
  #procId: string | undefined;
  #done = false;
  #zoneMayFollow = false;

  constructor(text: string, options: DecodeOptions) {
    this.#text = text;
    this.#options = options;
  }

  /** False as soon as something has no place in the header. */
  scan(): boolean {
    for (this.#skipSeparators(); this.#at < this.#text.length; this.#skipSeparators()) {
      const accepted = !this.#done && (this.#stamp() || this.#vdc() || this.#word());
      if (!accepted) return false;
    }
    // Words with spaces are believed to be an origin only in front of what no sentence contains.
    return !this.#originHasSpaces || this.#stages.length > 0 || this.#sequence !== undefined;
  }

  fill(header: Header): void {
    const [first, second] = this.#stages;
    if (first !== undefined) {
      if (second !== undefined || header.timestamp !== undefined) this.#fillRelay(header, second && first);
      header.timestamp = (second ?? first).stamp;
    }
    const hostname = this.#origin ?? second?.host ?? first?.host ?? this.#host;
    if (hostname !== undefined) setHostname(header, hostname);
    if (this.#sequence !== undefined) header.sequence = this.#sequence;
    if (this.#process !== undefined) header.appName = this.#process;
    if (this.#procId !== undefined) header.procId = this.#procId;
  }

  #fillRelay(header: Header, relay: Stage | undefined): void {
    if (header.timestamp === undefined && relay !== undefined) {
      header.timestamp = relay.stamp;
      if (relay.host !== undefined) setHostname(header, relay.host);
    }
    moveToRelay(header);
  }

  #skipSeparators(): void {
    const text = this.#text;
    let at = skipSpaces(text, this.#at);
    while (text.charCodeAt(at) === COLON || (text.charCodeAt(at) === PERCENT && at === text.length - 1)) {
      this.#zoneMayFollow = false;
      at = skipSpaces(text, at + 1);
    }
    this.#at = at;
  }

  #stamp(): boolean {
    const scanned = scanStamp(this.#text, this.#at, this.#options) ?? scanUptime(this.#text, this.#at);
    if (scanned === undefined || this.#stages.length === 2) return false;
    this.#stages.push({ stamp: scanned.stamp });
    this.#at = scanned.end;
    this.#zoneMayFollow = scanned.stamp.zone === 'assumed';
    return true;
  }

  /** NX-OS puts `%$ VDC-1 %$` in front when the switch is divided. */
  #vdc(): boolean {
    const match = /^%\$ {0,2}VDC-\d{1,3} {0,2}%\$/.exec(this.#text.slice(this.#at, this.#at + 20));
    if (match === null) return false;
    this.#at += match[0].length;
    return true;
  }

  #word(): boolean {
    const text = this.#text;
    const space = text.indexOf(' ', this.#at);
    const end = space < 0 ? text.length : space;
    const word = text.slice(this.#at, end);
    const zoneMayFollow = this.#zoneMayFollow;
    this.#zoneMayFollow = false;
    if (!isHeaderWord(word)) return false;
    if (this.#location(word)) return true;
    if (this.#number(word)) this.#at = end;
    else if (word.endsWith(':')) {
      if (!this.#closedWord(word.slice(0, -1), zoneMayFollow)) return false;
      this.#at = end;
    } else return this.#openWord(word, end);
    return true;
  }

  /** `RP/0/RP0/CPU0:Apr 19`, `node_id:Apr 19`: IOS XR glues the board that wrote it to the stamp. It names no device. */
  #location(word: string): boolean {
    const colon = word.lastIndexOf(':');
    if (colon < 1 || colon === word.length - 1) return false;
    if (scanStamp(this.#text, this.#at + colon + 1, this.#options) === undefined) return false;
    const name = word.slice(0, colon);
    if (this.#host === undefined && !name.includes('/')) this.#origin ??= name;
    this.#at += colon + 1;
    return true;
  }

  /** `000019:`, also two in a row of which the first has no colon. The last one is the device's own sequence number. */
  #number(word: string): boolean {
    const digits = skipDigits(word, 0);
    const closed = digits === word.length - 1 && word.charCodeAt(digits) === COLON;
    const open =
      digits === word.length && /^ \d+:/.test(this.#text.slice(this.#at + digits, this.#at + digits + 24));
    if (digits === 0 || digits > MAX_SEQUENCE_DIGITS || (!closed && !open)) return false;
    if (closed) this.#sequence = Number(word.slice(0, digits));
    return true;
  }

  #closedWord(name: string, zoneMayFollow: boolean): boolean {
    if (name.charCodeAt(0) === ASTERISK) return this.#task(name.slice(1));
    if (hasTagWithPid(`${name}:`, 0)) return this.#processTag(name);
    if (zoneMayFollow && this.#isZone(name)) return true;
    if (this.#origin !== undefined) return false;
    this.#origin = name;
    return true;
  }

  /** `*spamApTask1:`, the task of a wireless controller. */
  #task(name: string): boolean {
    if (this.#process !== undefined || name === '') return false;
    this.#process = name;
    return true;
  }

  /** `ipv4_acl_mgr[162]:` is the last thing before the percent sign. */
  #processTag(name: string): boolean {
    const open = name.indexOf('[');
    this.#process = name.slice(0, open);
    this.#procId = name.slice(open + 1, -1);
    this.#done = true;
    return true;
  }

  /** A zone users named themselves (`mng`), told from an origin: upper case, or behind a counter or a clock mark. */
  #isZone(name: string): boolean {
    if (!isClockZoneName(name)) return false;
    const marked = this.#stages.at(-1)?.stamp.quality === 'unsynchronised';
    return marked || this.#sequence !== undefined || this.#origin !== undefined || /^[A-Z]{1,5}$/.test(name);
  }

  #openWord(word: string, end: number): boolean {
    const stage = this.#stages.at(-1);
    if (stage !== undefined && stage.host === undefined && this.#origin === undefined) {
      stage.host = word;
      this.#at = end;
      return true;
    }
    if (stage !== undefined || this.#host !== undefined || this.#origin !== undefined) return false;
    return this.#hostBeforeLocation(word, end) || this.#spacedOrigin();
  }

  /** `gw1 RP/0/RSP0/CPU0:Apr 19 ...` */
  #hostBeforeLocation(word: string, end: number): boolean {
    const next = skipSpaces(this.#text, end);
    const colon = this.#text.indexOf(':', next);
    if (colon < 0 || scanStamp(this.#text, colon + 1, this.#options) === undefined) return false;
    if (this.#text.slice(next, colon).includes(' ')) return false;
    this.#host = word;
    this.#at = next;
    return true;
  }

  /** `logging origin-id string` may hold spaces: everything up to the first colon that a space follows. */
  #spacedOrigin(): boolean {
    const colon = this.#text.indexOf(': ', this.#at);
    if (colon < 0) return false;
    const origin = this.#text.slice(this.#at, colon);
    const words = origin.split(' ');
    if (words.length > MAX_ORIGIN_WORDS || !words.every(isHeaderWord)) return false;
    this.#origin = origin;
    this.#originHasSpaces = true;
    this.#at = colon + 1;
    return true;
  }
}

/** Header words hold no quotes, commas, equals signs or other punctuation of sentences and records. */
function isHeaderWord(word: string): boolean {
  for (let i = 0; i < word.length; i++) {
    const code = word.charCodeAt(i);
    if (code <= SPACE || code === 127 || NO_HEADER_WORD.has(code)) return false;
  }
  return true;
}

const NO_HEADER_WORD: ReadonlySet<number> = new Set(
  [...'"\'`,;=<>(){}|\\?!'].map((char) => char.charCodeAt(0)),
);
