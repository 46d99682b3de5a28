import { protocolOf } from '../lib/protocols.ts';
import { flagsOf } from '../lib/tcp-flags.ts';
import type { Action } from '../types.ts';
import { type CiscoDialect, type FlowText, ignored, malformed, readFlow } from './cisco-flow.ts';
import type { CiscoMessage } from './cisco-tag.ts';
import { decimal, UINT8 } from './decimal.ts';
import type { ParseResult } from './parser.ts';
import { actionOf } from './verdicts.ts';

const END = '[^\\s()]{1,72}';
const TARGET = '\\(target:class\\)-\\((?<target>[^\\s()]{1,128})\\)';

interface Shape {
  readonly pattern: RegExp;
  /** The line's own word decides when absent. */
  readonly action?: Action;
}

/** Cisco IOS system message guide, FW: the wording of IOS, and of IOS-XE where it differs (`pkt from`, `=>`). */
const SHAPES: Readonly<Record<string, readonly Shape[]>> = {
  DROP_PKT: [
    {
      pattern: new RegExp(
        `^Dropping (?<protocol>\\S{1,32}) session (?<source>${END}) (?<destination>${END})` +
          `(?: {1,2}on zone-pair (?<pair>\\S{1,64}) class (?<class>\\S{1,64}))? (?:.{0,200} )?with ip ident \\d{1,5}(?<rest>.*)$`,
      ),
      action: 'denied',
    },
    {
      pattern: new RegExp(
        `^Dropping (?<protocol>\\S{1,32}) pkt from (?<ingress>\\S{1,64}) (?<source>${END}) => (?<destination>${END}) ?${TARGET}` +
          ' (?:.{0,200} )?with ip ident \\d{1,5}(?<rest>.*)$',
      ),
      action: 'denied',
    },
  ],
  PASS_PKT: [
    {
      pattern: new RegExp(
        `^Passing (?<protocol>\\S{1,32}) pkt from (?<ingress>\\S{1,64}) (?<source>${END}) => (?<destination>${END}) ?${TARGET}` +
          ' with ip ident \\d{1,5}(?<rest>.*)$',
      ),
      action: 'allowed',
    },
    {
      pattern: new RegExp(
        `^${TARGET}:? Passing (?<protocol>\\S{1,32}) pkt (?<source>${END}) => (?<destination>${END}) with ip ident \\d{1,5}(?<rest>.*)$`,
      ),
      action: 'allowed',
    },
  ],
  LOG_SUMMARY: [
    {
      pattern: new RegExp(
        `^(?<count>\\d{1,10})(?: (?!packet)(?<protocol>\\S{1,32}))? packet(?:s|\\(s\\))? (?:were |was )?(?<verb>dropped|passed|permitted) from ` +
          `(?:(?<ingress>[^\\s()]{1,64}) )?\\(?(?<source>${END}) => (?<destination>${END})\\)? ?${TARGET}(?<rest>)$`,
      ),
    },
    {
      // as a mapping of other readers has it: the policy in front, the target without its brackets
      pattern: new RegExp(
        `^(?<count>\\d{1,10}) packet(?:s|\\(s\\))? (?:were |was )?(?<verb>dropped|passed|permitted) from \\S{1,64} ` +
          `(?<source>${END}) => (?<destination>${END}) target:class-(?<target>[^\\s()]{1,128})(?<rest>)$`,
      ),
    },
  ],
  SESS_AUDIT_TRAIL_START: [
    {
      pattern: new RegExp(
        `^(?:${TARGET}: ?)?Start (?<protocol>\\S{1,32}) session: initiator \\((?<source>${END})\\) -- responder \\((?<destination>${END})\\)(?<rest>)`,
      ),
      action: 'allowed',
    },
  ],
  SESS_AUDIT_TRAIL: [
    {
      pattern: new RegExp(
        `^(?:${TARGET}: ?)?Stop (?<protocol>\\S{1,32}) session: initiator \\((?<source>${END})\\) sent \\d{1,20} bytes -- ` +
          `responder \\((?<destination>${END})\\) sent \\d{1,20} bytes(?<rest>)`,
      ),
      action: 'allowed',
    },
  ],
};

/** Reads a `%FW-6-*` message of the zone-based firewall or CBAC; other FW mnemonics are ignored. */
export function readZoneFirewall(
  dialect: CiscoDialect,
  tagged: CiscoMessage,
  hostname: string | undefined,
): ParseResult {
  const shapes = Object.hasOwn(SHAPES, tagged.mnemonic) ? SHAPES[tagged.mnemonic] : undefined;
  if (shapes === undefined) return ignored(dialect, `${tagged.mnemonic} reports no connection attempt`);
  for (const { pattern, action } of shapes) {
    const groups = pattern.exec(tagged.body)?.groups;
    if (groups === undefined) continue;
    return readFlow(dialect, { action: action ?? actionOf(groups.verb) }, flowOf(groups), hostname);
  }
  return malformed(dialect, `${tagged.mnemonic} is cut short or not in its known shape`);
}

function flowOf(groups: Readonly<Record<string, string | undefined>>): FlowText {
  const source = splitEnd(groups.source ?? '');
  const destination = splitEnd(groups.destination ?? '');
  const flags = / tcp ?flags? 0x([0-9A-Fa-f]{1,4})(?![0-9A-Fa-f])/.exec(groups.rest ?? '')?.[1];
  return {
    source: source.host,
    sourcePort: source.port,
    destination: destination.host,
    destinationPort: destination.port,
    ...sessionProtocol(groups.protocol, flags !== undefined),
    ...icmpOf(source.port, destination.port),
    tcpFlags: flags === undefined ? undefined : flagsOf(Number.parseInt(flags, 16)),
    ingress: groups.ingress,
    rule: groups.target ?? (groups.pair === undefined ? undefined : `${groups.pair}:${groups.class}`),
    count: groups.count,
  };
}

/** ICMP has its type and code where others have ports. Two zeros are there as well when IOS does not know them. */
function icmpOf(type: string | undefined, code: string | undefined): FlowText {
  const isKnown = decimal(type ?? '', UINT8) > 0 && decimal(code ?? '', UINT8) >= 0;
  return isKnown ? { icmpType: type, icmpCode: code } : {};
}

/** Sessions are named by the inspected protocol, which may be an application's (`http session`). */
function sessionProtocol(word: string | undefined, tcp: boolean): FlowText {
  if (word === undefined || protocolOf(word).protocolNumber !== undefined) return { protocol: word };
  return { service: word, protocol: tcp ? 'tcp' : undefined };
}

/** `address:port`, `[address]:port` or an address alone. */
function splitEnd(text: string): { readonly host: string; readonly port: string | undefined } {
  const bracketed = /^\[([^[\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] };
  const colon = text.indexOf(':');
  if (colon < 0 || text.indexOf(':', colon + 1) >= 0) return { host: text, port: undefined };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}
