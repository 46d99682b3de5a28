import type { GroupBy } from '../rule.ts';
import type { Hit } from '../types.ts';

/** The values a hit is grouped by, as one text. */
export function textKey(hit: Hit, by: readonly GroupBy[]): string {
  let key = '';
  for (const field of by) {
    if (key !== '') key += ' ';
    key += field === 'source' ? hit.sourceIp : field === 'host' ? hit.host.ip : hit.port;
  }
  return key;
}

/** The incident a hit belongs to: the rule, the kind, and the source where hits are grouped by it (else all of `by`). */
export function incidentIdentifier(ruleId: string, kind: string, by: readonly GroupBy[], hit: Hit): string {
  return `${ruleId}/${kind}/${by.includes('source') ? hit.sourceIp : textKey(hit, by)}`;
}
