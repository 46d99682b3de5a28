import { parseIpv4 } from '../lib/ip.ts';
import type { Hit } from '../types.ts';

/** One scanner's habit: what it looks like, and why we say so. Never proof: every one of these can be imitated. */
interface Habit {
  readonly says: string;
  readonly fits: (hit: Hit) => boolean;
}

/** Most telling first; the first that fits every hit is named. */
const HABITS: readonly Habit[] = [
  {
    says: 'looks like Mirai: the TCP sequence number of every packet is its destination address',
    fits: (hit) => {
      const target = parseIpv4(hit.host.ip);
      return target >= 0 && hit.attempt.packet?.tcpSequence === target;
    },
  },
  {
    says: 'looks like zmap: every packet has IP id 54321',
    fits: (hit) => hit.attempt.packet?.ipId === 54_321,
  },
  {
    // masscan sets ip_id = destination address ^ port ^ sequence number, 16 bits (its source, templ-pkt.c).
    says: 'looks like masscan: IP ids are computed from destination, port and sequence number',
    fits: (hit) => {
      const { ipId, tcpSequence } = hit.attempt.packet ?? {};
      const target = parseIpv4(hit.host.ip);
      if (ipId === undefined || tcpSequence === undefined || target < 0) return false;
      return ((target ^ hit.port ^ tcpSequence) & 0xffff) === ipId;
    },
  },
  {
    // nmap's SYN scan offers 1024; older releases also 2048, 3072 and 4096 (nmap, tcpip.cc).
    says: 'looks like nmap or masscan: SYN packets of 40 or 44 bytes with a window of 1024, 2048, 3072 or 4096',
    fits: (hit) => {
      const { window, length } = hit.attempt.packet ?? {};
      if (window === undefined || length === undefined) return false;
      return window >= 1_024 && window <= 4_096 && window % 1_024 === 0 && (length === 40 || length === 44);
    },
  },
];

/**
 * What the packets of a scan look like, as a sentence with its reason; empty when the log has no such fields or they fit
 * nothing. One packet tells nothing; a hit without details (the flat table keeps none) does not speak against it.
 */
export function fingerprintRemarks(hits: readonly Hit[]): readonly string[] {
  const detailed = hits.filter((hit) => hit.attempt.packet !== undefined);
  if (detailed.length < 2) return [];
  const habit = HABITS.find((candidate) => detailed.every(candidate.fits));
  return habit === undefined ? [] : [habit.says];
}
