import { didYouMean } from '../lib/nearest.ts';
import { serviceNames, servicePorts } from '../lib/services.ts';
import type { PortRange, PortSet } from '../rule.ts';

const TRANSPORTS: readonly string[] = ['tcp', 'udp', 'sctp', 'dccp', 'udplite'];

/** What stands for a set of ports, or why it does not. */
export type PortResult =
  | { readonly ok: true; readonly ports: PortSet }
  | { readonly ok: false; readonly message: string };

/**
 * Reads one entry of a rule's `ports`: `any`, a service (`imap`), a number, a range (`6000-6063`), each with an
 * optional transport (`53/udp`), or a label with its number (`smb/139`), where the label is for people only.
 */
export function parsePorts(entry: string | number): PortResult {
  const text = String(entry).trim().toLowerCase();
  if (text === 'any') return { ok: true, ports: { any: true, ranges: [] } };
  const parts = text.split('/').map((part) => part.trim());
  // A word before a number is a label: smb/139, smb/139/tcp.
  if (parts.length > 1 && /^[a-z][a-z0-9._-]*$/.test(parts[0]!) && /^\d/.test(parts[1]!)) parts.shift();
  const [what = '', transport, ...rest] = parts;
  if (rest.length > 0 || what === '')
    return refuse(`\`${entry}\` is not a port: write imap, 143, 6000-6063, 53/udp or smb/139`);
  if (transport !== undefined && !TRANSPORTS.includes(transport))
    return refuse(`unknown transport \`${transport}\` in \`${entry}\`${didYouMean(transport, TRANSPORTS)}`);

  const ranges = /^\d/.test(what) ? parseRange(what) : serviceRanges(what);
  if (typeof ranges === 'string') return refuse(ranges);
  return { ok: true, ports: { any: false, ranges: ranges.map((range) => withTransport(range, transport)) } };
}

/** All ports of several sets, each once. */
export function joinPorts(sets: readonly PortSet[]): PortSet {
  const ranges = sets.flatMap((set) => set.ranges);
  const unique = new Map(
    ranges.map((range) => [`${range.from}-${range.to}/${range.transport ?? ''}`, range]),
  );
  return { any: sets.some((set) => set.any), ranges: [...unique.values()] };
}

function parseRange(text: string): PortRange[] | string {
  const match = /^(\d{1,9})(?: ?- ?(\d{1,9}))?$/.exec(text);
  if (match === null) return `\`${text}\` is not a port number or range (6000-6063)`;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  if (Math.max(from, to) > 65_535) return `\`${Math.max(from, to)}\` is not a port: ports end at 65535`;
  if (from > to) return `\`${text}\` runs backwards: write ${to}-${from}`;
  return [{ from, to }];
}

function serviceRanges(name: string): readonly PortRange[] | string {
  return servicePorts(name) ?? `unknown service \`${name}\`${didYouMean(name, serviceNames())}`;
}

function withTransport({ from, to, transport }: PortRange, wanted: string | undefined): PortRange {
  const effective = wanted ?? transport;
  return effective === undefined ? { from, to } : { from, to, transport: effective };
}

function refuse(message: string): PortResult {
  return { ok: false, message };
}
