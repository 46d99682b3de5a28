import type { SyslogMessage } from '../types.ts';
import { type CiscoDialect, ignored, loss, malformed, readFlow } from './cisco-flow.ts';
import { findCiscoTag } from './cisco-tag.ts';
import type { ParseResult, Parser } from './parser.ts';
import { actionOf } from './verdicts.ts';

const NXOS: CiscoDialect = { parser: 'cisco-nxos', product: 'NX-OS', zeroPortIsNone: true, words: false };

/** Older releases write the names out, leave list and action away, and write `Hit-count = n`. */
const FLOW = new RegExp(
  '^(?:Src|Source) IP: (?<source>[^\\s,]{1,64}), (?:Dst|Dest|Destination) IP: (?<destination>[^\\s,]{1,64}), ' +
    '(?:Src|Source) Port: (?<sourcePort>[^\\s,]{1,10}), (?:Dst|Dest|Destination) Port: (?<destinationPort>[^\\s,]{1,10}), ' +
    '(?:Src|Source) (?:Intf|Interface): (?<ingress>[^\\s,]{1,64}), Protocol: "(?<name>[^"]{0,32})"\\((?<number>\\d{1,3})\\)' +
    '(?:, ACL Name: (?<rule>[^\\s,]{1,128}))?(?:, ACE Action: (?<verb>[A-Za-z]{1,16}))?(?:, Appl Intf: [^\\s,]{1,64})?' +
    '(?:, Hit-count ?[:=] ?(?<count>\\d{1,10}))?$',
);
const MAXFLOW = /^Maximum limit (\d{1,10}) reached for number of flows/;

/**
 * Cisco NX-OS access-list logs, `%ACLLOG-n-ACLLOG_*` (Cisco Nexus 7000 security guide, "ACL logging"). A line without an
 * ACE action does not say whether the packets passed, so its action is unknown.
 */
export const ciscoNxos: Parser = {
  name: NXOS.parser,
  parse(message: SyslogMessage): ParseResult | undefined {
    const tagged = findCiscoTag(message);
    if (tagged === undefined || tagged.facility !== 'ACLLOG') return undefined;
    const { mnemonic, body } = tagged;
    if (mnemonic === 'ACLLOG_MAXFLOW_REACHED') {
      const limit = MAXFLOW.exec(body)?.[1];
      return loss(
        NXOS,
        `the switch logs no more flows, ${limit === undefined ? 'its' : `its ${limit}-flow`} limit is reached`,
      );
    }
    const interval = mnemonic === 'ACLLOG_FLOW_INTERVAL';
    if (!interval && mnemonic !== 'ACLLOG_NEW_FLOW')
      return ignored(NXOS, `${mnemonic} reports no connection attempt`);
    const groups = FLOW.exec(body)?.groups;
    if (groups === undefined || (interval && groups.count === undefined)) {
      return malformed(NXOS, `${mnemonic} is cut short or not in its known shape`);
    }
    const { source, sourcePort, destination, destinationPort, ingress, name, number, rule, count } = groups;
    // NX-OS writes "IP" with the number 253 for packets whose protocol it did not look at.
    const protocol = name === 'IP' ? name : number;
    const hostname = message.hostname === undefined ? tagged.origin : undefined;
    const flow = { source, sourcePort, destination, destinationPort, protocol, ingress, rule, count };
    return readFlow(NXOS, { action: actionOf(groups.verb) }, flow, hostname);
  },
};
