import { canonicalIp } from '../lib/ip.ts';
import { FieldReader } from './field-reader.ts';
import { ARP } from './netfilter-packet.ts';

/** Interfaces and addresses of one packet header, and the reader standing behind `DST=`. */
export interface Head {
  /** Where it begins in the text; in front of it stands the prefix. */
  readonly start: number;
  readonly ingress: string;
  readonly egress: string;
  readonly source: string;
  readonly destination: string;
  readonly reader: FieldReader;
}

/** A header that begins as one but names no two addresses: what it is instead. */
interface Headless {
  readonly start: number;
  readonly kind: 'ignored' | 'malformed';
  readonly reason: string;
}

/** A kernel interface name has at most 15 bytes (IFNAMSIZ); the rest is for firewalls that rename them. */
const LONGEST_INTERFACE = 32;

/** Places looked at in one line; a prefix has room for a handful. */
const MOST_CANDIDATES = 32;

/**
 * Finds the packet header of a netfilter LOG line: the last place where `IN=`, `OUT=`, the link layer, `SRC=` and
 * `DST=` stand in the kernel's order. Two of them with other addresses contradict each other: malformed.
 * Undefined when there is no such place.
 */
export function findHead(text: string): Head | Headless | undefined {
  let found: Head | undefined;
  let broken: Headless | undefined;
  for (const at of placesOf('IN=', text)) {
    const head = readHead(text, at);
    if (head === undefined) continue;
    if ('kind' in head) broken = head;
    else if (found !== undefined && !sameAddresses(found, head)) {
      return { start: at, kind: 'malformed', reason: 'two packet headers with different addresses' };
    } else found = head;
  }
  return found ?? broken ?? findOutputHead(text);
}

/** Proxmox leaves `IN=` out where a packet has no ingress: `OUT=vmbr0 SRC=...`. */
function findOutputHead(text: string): Head | undefined {
  for (const at of placesOf('OUT=', text)) {
    const head = readHead(text, at);
    if (head !== undefined && !('kind' in head) && head.egress !== '') return head;
  }
  return undefined;
}

/** Where `key` stands in the text, `PHYSIN=` and `PHYSOUT=` left out. */
function placesOf(key: string, text: string): number[] {
  const places: number[] = [];
  for (
    let at = text.indexOf(key);
    at >= 0 && places.length < MOST_CANDIDATES;
    at = text.indexOf(key, at + 1)
  ) {
    if (!text.startsWith('PHYS', at - 4)) places.push(at);
  }
  return places;
}

function readHead(text: string, start: number): Head | Headless | undefined {
  const reader = new FieldReader(text, start);
  const ingress = reader.take('IN=');
  const egress = reader.take('OUT=');
  if ((ingress ?? '').length > LONGEST_INTERFACE || (egress ?? '').length > LONGEST_INTERFACE)
    return undefined;
  reader.take('PHYSIN=');
  reader.take('PHYSOUT=');
  const etherType = ingress === undefined ? undefined : readLinkLayer(reader);
  if (reader.startsWith('ARP ')) return { start, kind: 'ignored', reason: ARP };
  const source = reader.take('SRC=');
  if (source === undefined) {
    if (ingress === undefined || egress === undefined) return undefined;
    if (reader.atEnd && etherType !== undefined && !/^(?:0800|86dd)$/.test(etherType)) {
      return { start, kind: 'ignored', reason: 'no IP packet' };
    }
    return { start, kind: 'malformed', reason: 'no SRC= behind the interfaces' };
  }
  const destination = reader.take('DST=');
  if (destination === undefined) return { start, kind: 'malformed', reason: 'no DST= behind SRC=' };
  const from = canonicalIp(source);
  const to = canonicalIp(destination);
  if (from === undefined || to === undefined) {
    return { start, kind: 'malformed', reason: 'SRC= or DST= is no address' };
  }
  return { start, ingress: ingress ?? '', egress: egress ?? '', source: from, destination: to, reader };
}

/** Skips the MAC part and gives the EtherType as four hex digits, where it says one. */
function readLinkLayer(reader: FieldReader): string | undefined {
  const mac = reader.take('MAC=');
  if (mac !== undefined) {
    reader.take('TUNNEL=');
    // destination, source and type: 14 bytes written with colons
    return mac.length === 41 ? mac.slice(36, 38) + mac.slice(39) : undefined;
  }
  if (reader.take('MACSRC=') === undefined) return undefined;
  reader.take('MACDST=');
  reader.take('VPROTO=');
  reader.take('VID=');
  return reader.take('MACPROTO=');
}

function sameAddresses(a: Head, b: Head): boolean {
  return a.source === b.source && a.destination === b.destination;
}
