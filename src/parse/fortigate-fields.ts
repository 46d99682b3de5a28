import type { CefEvent } from './cef-fields.ts';
import type { KeyValues } from './key-values.ts';

/** What the CEF form calls otherwise; all other fields carry the prefix FTNTFGT. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['src', 'srcip'],
  ['spt', 'srcport'],
  ['dst', 'dstip'],
  ['dpt', 'dstport'],
  ['act', 'action'],
  ['cnt', 'count'],
  ['outcome', 'status'],
  ['sproc', 'ui'],
  ['duser', 'user'],
  ['suser', 'user'],
  ['dvchost', 'devname'],
  ['app', 'service'],
  ['deviceInboundInterface', 'srcintf'],
  ['deviceOutboundInterface', 'dstintf'],
]);
const PREFIX = 'FTNTFGT';

/** A FortiGate's CEF event under the names of its own logs (Fortinet "FortiOS log message reference", CEF support). */
export function cefFields(event: CefEvent): Omit<KeyValues, 'lastKey'> {
  const fields = new Map<string, string>();
  const contradicted = new Set<string>();
  const [type = '', subtype = ''] = (event.fields.get('cat') ?? '').split(':');
  fields.set('type', type);
  fields.set('subtype', subtype);
  for (const [key, value] of event.fields) {
    const name = NAMES.get(key) ?? (key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key);
    if (!fields.has(name)) fields.set(name, value);
    if (fields.get(name) !== value || event.contradicted.has(key)) contradicted.add(name);
  }
  if (event.fields.get('deviceDirection') === '0') fields.set('direction', 'incoming');
  return { fields, contradicted, overfull: event.overfull };
}

/** Whether a `key=value` log is a FortiGate's: other Fortinet products, with other serial numbers, log alike. */
export function isFortigate(fields: ReadonlyMap<string, string>): boolean {
  const serial = fields.get('devid') ?? fields.get('device_id') ?? '';
  return /^F[GWP]/.test(serial) && (fields.has('logid') || fields.has('log_id')) && fields.has('type');
}
