import type { SyslogMessage } from '../types.ts';
import { ACL_SHAPES, aclFlow, aclPatterns } from './cisco-acl.ts';
import { type CiscoDialect, ignored, malformed, readFlow } from './cisco-flow.ts';
import { findCiscoTag } from './cisco-tag.ts';
import type { ParseResult, Parser } from './parser.ts';
import { actionOf } from './verdicts.ts';

const XR: CiscoDialect = { parser: 'cisco-xr', product: 'IOS XR', zeroPortIsNone: true, words: false };

const ACL = aclPatterns('access-list (?<rule>\\S{1,128}) \\((?<sequence>\\d{1,10})\\) (?<verb>deny|permit)');

/**
 * Cisco IOS XR access-list logs: `node:time: process[pid]: %ACL-IPV4_ACL-6-IPACCESSLOGP : access-list NAME (SEQ) deny ...`
 * (Cisco IOS XR system error message reference, ACL). Other XR messages are ignored.
 */
export const ciscoXr: Parser = {
  name: XR.parser,
  parse(message: SyslogMessage): ParseResult | undefined {
    const tagged = findCiscoTag(message);
    if (tagged === undefined) return undefined;
    const isAcl = /^ACL-IPV[46]_ACL$/.test(tagged.facility);
    if (!isAcl && !tagged.xr) return undefined;
    const letters = /^(?:IP|IPV4|IPV6)?ACCESSLOG([A-Z]{1,2})$/.exec(tagged.mnemonic)?.[1];
    if (!isAcl || letters === undefined)
      return ignored(XR, `${tagged.mnemonic} reports no connection attempt`);
    const shape = ACL_SHAPES.get(letters);
    const groups = shape === undefined ? undefined : ACL[shape].exec(tagged.body)?.groups;
    if (groups === undefined)
      return malformed(XR, `${tagged.mnemonic} is cut short or not in its known shape`);
    const action = actionOf(groups.verb);
    const hostname = message.hostname === undefined ? tagged.origin : undefined;
    return readFlow(XR, { action }, aclFlow(groups, `${groups.rule}/${groups.sequence}`), hostname);
  },
};
