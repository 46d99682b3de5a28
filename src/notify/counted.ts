import type { AttemptKind, Incident } from '../types.ts';

/** What an incident counts, in words: `3 login attempts`, and `Logins: 3`. */
export interface Counted {
  readonly noun: string;
  readonly label: string;
}

const COUNTED: Readonly<Record<AttemptKind, Counted>> = {
  packet: { noun: 'packet', label: 'Packets' },
  login: { noun: 'login attempt', label: 'Logins' },
  request: { noun: 'request', label: 'Requests' },
};
const MIXED: Counted = { noun: 'attempt', label: 'Attempts' };

/** What to call attempts of these kinds; packets when nothing is known of them, as in what earlier versions have kept. */
export function countedOf(kinds: readonly AttemptKind[] = []): Counted {
  return kinds.length > 1 ? MIXED : COUNTED[kinds[0] ?? 'packet'];
}

/** Whether packets are among an incident's attempts: all the others need a connection, from an address that is not forged. */
export function hasPackets({ kinds = [] }: Incident): boolean {
  return kinds.length === 0 || kinds.includes('packet');
}

/** Whether it is but one packet, as somebody sends who has mistyped an address. */
export function isLonePacket(incident: Incident): boolean {
  return incident.kind === 'any' && incident.count <= 1 && hasPackets(incident);
}
