import type { Verdict } from './cisco-flow.ts';

/**
 * How to read the body of one ASA message. The groups a pattern may name:
 * `src` `dst` = `address[/port]`; `isrc` `idst` = the same with `interface:` before it; `sport` `dport` = a port that
 * stands apart; `sif` `dif` = an interface that stands apart; `protocol`, `type`, `code`, `flags`, `rule`, `count`,
 * `user` (`word` when it stands without quotes, `who` when it stands behind an address), `bare` (flags that end the
 * line), `verb` (decides the action when the message alone does not), `direction` (who began).
 */
export interface AsaMessage {
  readonly pattern: RegExp;
  readonly verdict?: Verdict;
  /** What the wording implies and no group says. */
  readonly implies?: { readonly protocol?: string; readonly icmpType?: string };
}

/** What ends a token: blanks, brackets, commas. */
const T = '[^\\s(),]{1,320}';
/** `(LOCAL\\user)`, `(DOMAIN\\user, sg:tag)`, `([user])`: what the firewall knows about an end. */
const WHO = '(?: ?\\((?!type )[^()]{0,256}\\)){0,2}';
const WHO_SOURCE = '(?: ?\\((?<user>[^()]{0,256})\\))?(?: ?\\([^()]{0,256}\\))?';
const ICMP = '(?: ?\\(type (?<type>\\d{1,3}), code (?<code>\\d{1,3})\\))?';
const PROTOCOL = '(?:protocol )?(?<protocol>[^\\s:]{1,16})';
const ON = ' on interface (?<sif>[^\\s()]{0,63}[^\\s().])';
const FLAGS =
  ' flags(?:(?<flags>(?: [A-Z]{2,8}){0,8}) {1,2}on interface (?<sif>[^\\s()]{0,63}[^\\s().])|(?<bare>(?: [A-Z]{2,8}){1,8})$)?';
const REPEATED = '(?: \\(Message repeated (?<count>\\d{1,10}) times?\\))?';
const ENDS = `src (?<isrc>${T})${WHO_SOURCE} dst (?<idst>${T})`;
const HITS =
  'hit-cnt (?<count>\\d{1,10}) \\(?(?:first hit|\\d{1,10}-second interval)\\)?(?: ?\\[[^\\[\\]]{0,64}\\])?$';
const FLOW =
  `(?<sif>[^\\s()/]{1,64})/(?<src>[^\\s()]{1,256})\\((?<sport>[^\\s()]{0,32})\\)${WHO_SOURCE.replace('<user>', '<who>')} ?-> ?` +
  `(?<dif>[^\\s()/]{1,64})/(?<dst>[^\\s()]{1,256})\\((?<dport>[^\\s()]{0,32})\\)${WHO}`;
const LIST = 'access-list (?<rule>\\S{1,256}) (?<verb>permitted|denied|est-allowed) (?<protocol>\\S{1,16})';
/** The user name is greedy: the flow behind it is the last one of the line. */
const VPN_FILTER = `${LIST} for user (?:'(?<user>.*)'|(?<word>\\S{1,256})) ${FLOW} ${HITS}`;
const LOGIN = `(?<src>${T}) to (?<idst>${T}) for user "(?<user>.*)"$`;
const AAA_USER = '[Uu]ser = (?<user>.*[^ ]) ?: user IP = (?<src>[^\\s,]{1,256})$';
const BUILT = `(?<isrc>${T})${WHO} to (?<idst>${T})${WHO}`;

const denied: Verdict = { action: 'denied' };
const allowed: Verdict = { action: 'allowed' };
const forged: Verdict = { action: 'denied', spoofed: true };

function entry(pattern: string, verdict?: Verdict, implies?: AsaMessage['implies']): AsaMessage {
  const anchored = new RegExp(`^${pattern}`);
  return { pattern: anchored, ...(verdict && { verdict }), ...(implies && { implies }) };
}

/** The messages that report an attempt, by id (Cisco Secure Firewall ASA series syslog messages; PIX 6.3 for 106002). */
export const ASA_MESSAGES: ReadonlyMap<string, AsaMessage> = new Map([
  [
    '106001',
    entry(`Inbound TCP connection denied from (?<src>${T}) to (?<dst>${T})${FLAGS}${REPEATED}`, denied, {
      protocol: 'tcp',
    }),
  ],
  [
    '106002',
    entry(
      `${PROTOCOL} [Cc]onnection denied by outbound list (?<rule>\\S{1,256}) src (?<src>${T})(?: (?<sport>\\S{1,32}))? dest (?<dst>${T})(?: (?<dport>\\S{1,32}))?$`,
      denied,
    ),
  ],
  ['106006', entry(`Deny inbound UDP from (?<src>${T}) to (?<dst>${T})${ON}`, denied, { protocol: 'udp' })],
  [
    '106007',
    entry(`Deny inbound UDP from (?<src>${T}) to (?<dst>${T}) due to DNS (?:Response|Query)`, denied, {
      protocol: 'udp',
    }),
  ],
  ['106010', entry(`Deny inbound ${PROTOCOL} ${ENDS}${WHO}${ICMP}`, denied)],
  ['106011', entry(`Deny inbound \\(No xlate\\) ${PROTOCOL} ${ENDS}${WHO}${ICMP}`, denied)],
  ['106012', entry(`Deny IP from (?<src>${T}) to (?<dst>${T}), IP options: `, denied)],
  [
    '106013',
    entry(`Dropping echo request from (?<src>${T}) to PAT address (?<dst>${T})`, denied, {
      protocol: 'icmp',
      icmpType: '8',
    }),
  ],
  [
    '106014',
    entry(`Deny inbound icmp ${ENDS}${WHO} ?\\(type (?<type>\\d{1,3}), code (?<code>\\d{1,3})\\)`, denied, {
      protocol: 'icmp',
    }),
  ],
  [
    '106015',
    entry(`Deny TCP \\(no connection\\) from (?<src>${T}) to (?<dst>${T})${FLAGS}${REPEATED}`, denied, {
      protocol: 'tcp',
    }),
  ],
  ['106016', entry(`Deny IP spoof from \\((?<src>${T})\\) to (?<dst>${T})${ON}`, forged)],
  ['106017', entry(`Deny IP due to Land Attack from (?<src>${T}) to (?<dst>${T})`, forged)],
  [
    '106018',
    entry(
      `ICMP packet type (?<type>\\d{1,3}) denied by outbound list (?<rule>\\S{1,256}) src (?<src>${T}) dest (?<dst>${T})`,
      denied,
      { protocol: 'icmp' },
    ),
  ],
  [
    '106020',
    entry(
      `Deny IP teardrop fragment \\(size = \\d{1,10}, offset = \\d{1,10}\\) from (?<src>${T}) to (?<dst>${T})`,
      forged,
    ),
  ],
  ['106021', entry(`Deny ${PROTOCOL} reverse path check from (?<src>${T}) to (?<dst>${T})${ON}`, forged)],
  ['106022', entry(`Deny ${PROTOCOL} connection spoof from (?<src>${T}) to (?<dst>${T})${ON}`, forged)],
  ['106023', entry(`Deny ${PROTOCOL} ${ENDS}${WHO}${ICMP} by access-group "(?<rule>[^"]{1,256})"`, denied)],
  ['106100', entry(`${LIST} ${FLOW} ${HITS}`)],
  ['106102', entry(VPN_FILTER)],
  ['106103', entry(VPN_FILTER)],
  [
    '113005',
    entry(
      `AAA user authentication Rejected ?: reason = [^=]{1,128} ?: server = [^\\s,]{1,256}(?: ?:|,) ${AAA_USER}`,
      { kind: 'login', action: 'failed' },
    ),
  ],
  [
    '113015',
    entry(`AAA user authentication Rejected ?: reason = [^=]{1,128} ?: local database ?: ${AAA_USER}`, {
      kind: 'login',
      action: 'failed',
    }),
  ],
  [
    '302013',
    entry(`Built (?<direction>inbound|outbound) TCP connection \\d{1,20} for ${BUILT}`, allowed, {
      protocol: 'tcp',
    }),
  ],
  [
    '302015',
    entry(`Built (?<direction>inbound|outbound) UDP connection \\d{1,20} for ${BUILT}`, allowed, {
      protocol: 'udp',
    }),
  ],
  [
    '302020',
    entry(
      `Built (?<direction>inbound|outbound) ICMP connection for faddr (?<src>${T})${WHO} gaddr ${T} laddr (?<dst>${T})${WHO}(?: type (?<type>\\d{1,3}) code (?<code>\\d{1,3}))?`,
      allowed,
      { protocol: 'icmp' },
    ),
  ],
  [
    '313001',
    entry(`Denied ICMP type=(?<type>\\d{1,3}), code=(?<code>\\d{1,3}) from (?<src>${T})${ON}`, denied, {
      protocol: 'icmp',
    }),
  ],
  [
    '313004',
    entry(
      `Denied ICMP type=(?<type>\\d{1,3}), from (?:laddr )?(?<src>${T})${ON} to (?<dst>${T}): no matching session`,
      denied,
      { protocol: 'icmp' },
    ),
  ],
  [
    '313008',
    entry(
      `Denied (?:IPv6-ICMP|ICMPv6) type=(?<type>\\d{1,3}), code=(?<code>\\d{1,3}) from (?<src>${T})${ON}`,
      denied,
      { protocol: 'ipv6-icmp' },
    ),
  ],
  ['605004', entry(`Login denied from ${LOGIN}`, { kind: 'login', action: 'failed' }, { protocol: 'tcp' })],
  [
    '605005',
    entry(`Login permitted from ${LOGIN}`, { kind: 'login', action: 'allowed' }, { protocol: 'tcp' }),
  ],
  ['710002', entry(`(?<protocol>TCP|UDP) access permitted from (?<src>${T}) to (?<idst>${T})`, allowed)],
  ['710003', entry(`(?<protocol>TCP|UDP) access denied by ACL from (?<src>${T}) to (?<idst>${T})`, denied)],
  ['710005', entry(`(?<protocol>TCP|UDP|SCTP) request discarded from (?<src>${T}) to (?<idst>${T})`, denied)],
]);

/** Messages that come near an attempt and are none, with what they are. Ids between two are a closed range. */
const NOTICES: readonly (readonly [from: number, to: number, what: string])[] = [
  [106027, 106027, 'a frame that is not IP, it has no addresses'],
  [313005, 313005, 'an ICMP error without a session; the packet it quotes proves nothing'],
  [400000, 400051, 'an intrusion signature notice'],
  [401002, 401005, 'a notice about shunned hosts'],
  [430001, 430001, 'an intrusion event'],
  [430004, 430005, 'a file or malware event'],
  [710001, 710001, 'a connection request before the decision about it'],
  [733100, 733100, 'a threat-detection rate notice without an address'],
  [
    733101,
    733101,
    'a threat-detection rate notice about a host; its packets are logged by their own messages',
  ],
  [733102, 733105, 'a threat-detection shun notice'],
];

/** Why a message that is no attempt is passed over. */
export function asaNotice(id: string): string {
  const number = Number(id);
  const notice = NOTICES.find(([from, to]) => number >= from && number <= to);
  return notice === undefined ? `${id} reports no connection attempt` : `${id} is ${notice[2]}`;
}
