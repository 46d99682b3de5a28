import type { SyslogMessage } from '../types.ts';
import { ACL_SHAPES, aclFlow, aclPatterns } from './cisco-acl.ts';
import { type CiscoDialect, ignored, loss, malformed, readFlow } from './cisco-flow.ts';
import { readZoneFirewall } from './cisco-ios-zone-firewall.ts';
import { type CiscoMessage, findCiscoTag } from './cisco-tag.ts';
import type { ParseResult, Parser } from './parser.ts';
import { actionOf } from './verdicts.ts';

const IOS: CiscoDialect = { parser: 'cisco-ios', product: 'IOS', zeroPortIsNone: true, words: false };

/** Facilities with a parser of their own. */
const OTHERS = /^(?:(?:ASA|PIX|FWSM|FTD|NGIPS)(?:-|$)|ACLLOG$|ACL-IPV[46]_ACL$)/;
/** Junos writes its tags alike where it is told to (`explicit-priority`). */
const JUNOS = /^RT_(?:FLOW|SCREEN)_/;
const ACL = aclPatterns('list (?<rule>\\S{1,128}) (?<verb>denied|permitted)');
/** Where an IOS-XE line says which board wrote it: `R0/0: fman_fp_image: `, `Chassis 1 F0/0: fman_fp_image: `. */
const BOARD = /^(?:Chassis \d{1,2} )?(?:R|F|SIP|RP|FP)\d{1,2}(?:\/\d{1,2})?: {1,4}(?:\w{1,32}: {1,4})?/;
/** The packet processor's own log, handed on by the platform with a second tag inside. */
const PROCESSOR = /^QFP:[\d.]{1,8} Thread:\d{1,6} TS:\d{1,24} {1,2}%(FW)-[0-7]-([A-Z_]{1,32}): {0,2}/;
const RATE_LIMITED = /^access-list logging rate-limited or missed (\d{1,10}) packets?$/;
/** The user is what somebody typed: greedy, so that the device's own words are the last ones of their kind. */
const LOGIN =
  /^Login (?<verb>failed|Success) \[user: ?(?<user>.*)\] \[Source: (?<source>[^\s[\]]{1,64})\] \[localport: (?<port>\d{1,5})\](?: \[Reason: [^[\]]{0,128}\])? at [^[\]]{1,64}$/;
const LOGIN_SERVICES: ReadonlyMap<string, string> = new Map([
  ['22', 'ssh'],
  ['23', 'telnet'],
  ['80', 'http'],
  ['443', 'https'],
]);

/**
 * Cisco IOS and IOS-XE: access-list logs (`%SEC-6-IPACCESSLOG*`, `%FMANFP-6-*`, `%IPV6_ACL-6-ACCESSLOG*`), zone
 * firewall and CBAC (`%FW-6-*`), VTY logins (`%SEC_LOGIN-*`). Formats: Cisco IOS system message guide.
 */
export const ciscoIos: Parser = {
  name: IOS.parser,
  parse(message: SyslogMessage): ParseResult | undefined {
    const found = findCiscoTag(message);
    if (found === undefined || found.xr || OTHERS.test(found.facility)) return undefined;
    if (JUNOS.test(found.mnemonic)) return undefined;
    const tagged = unwrap(found);
    const hostname = message.hostname === undefined ? tagged.origin : undefined;
    const letters = /^(?:IP)?ACCESSLOG([A-Z]{1,2})$/.exec(tagged.mnemonic)?.[1];
    if (letters !== undefined) return readAcl(tagged, letters, hostname);
    if (tagged.facility === 'FW') return readZoneFirewall(IOS, tagged, hostname);
    if (/^LOGIN_(?:FAILED|SUCCESS)$/.test(tagged.mnemonic)) return readLogin(tagged, hostname);
    return ignored(IOS, `${tagged.mnemonic} reports no connection attempt`);
  },
};

/** Takes off what IOS-XE puts between the tag and the classic text. */
function unwrap(tagged: CiscoMessage): CiscoMessage {
  const body = tagged.body.replace(BOARD, '');
  const inner = PROCESSOR.exec(body);
  if (inner === null || tagged.mnemonic !== 'PLATFORM') return { ...tagged, body };
  const [head, facility = '', mnemonic = ''] = inner;
  return { ...tagged, facility, mnemonic, body: body.slice(head.length) };
}

function readAcl(tagged: CiscoMessage, letters: string, hostname: string | undefined): ParseResult {
  if (letters === 'RL') {
    const count = RATE_LIMITED.exec(tagged.body)?.[1];
    return count === undefined
      ? unreadable(tagged)
      : loss(IOS, 'the router rate-limited or missed access-list logs', count);
  }
  const shape = ACL_SHAPES.get(letters);
  const groups = shape === undefined ? undefined : ACL[shape].exec(tagged.body)?.groups;
  if (groups === undefined) return unreadable(tagged);
  const action = actionOf(groups.verb);
  return readFlow(IOS, { action }, aclFlow(groups, groups.rule), hostname);
}

/** A login is made to the router itself: there is no destination address, only the port. */
function readLogin(tagged: CiscoMessage, hostname: string | undefined): ParseResult {
  const groups = LOGIN.exec(tagged.body)?.groups;
  if (groups === undefined) return unreadable(tagged);
  const { source, port, user } = groups;
  return readFlow(
    IOS,
    { kind: 'login', action: groups.verb === 'failed' ? 'failed' : 'allowed' },
    {
      source,
      destinationPort: port,
      protocol: 'tcp',
      user: user === '' ? undefined : user,
      service: LOGIN_SERVICES.get(port ?? ''),
    },
    hostname,
  );
}

function unreadable(tagged: CiscoMessage): ParseResult {
  return malformed(IOS, `${tagged.mnemonic} is cut short or not in its known shape`);
}
