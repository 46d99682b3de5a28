import type { Hit, PacketDetails } from '../types.ts';

/** Sources below this number tell nothing: two machines may well be alike. */
const MIN_SOURCES = 3;

/** The hits of every source, in order of first sight. */
function bySource(hits: readonly Hit[]): ReadonlyMap<string, readonly Hit[]> {
  const groups = new Map<string, Hit[]>();
  for (const hit of hits) {
    const group = groups.get(hit.sourceIp);
    if (group === undefined) groups.set(hit.sourceIp, [hit]);
    else group.push(hit);
  }
  return groups;
}

/** The one value a packet field has in all hits, or undefined when it differs or is not logged everywhere. */
function shared(hits: readonly Hit[], field: keyof PacketDetails): number | undefined {
  const value = hits[0]?.attempt.packet?.[field];
  return value !== undefined && hits.every((hit) => hit.attempt.packet?.[field] === value)
    ? value
    : undefined;
}

/** IP ids that only ever step up by a little across sources come from one machine's counter. */
function oneCounter(hits: readonly Hit[]): boolean {
  for (let i = 1; i < hits.length; i++) {
    const before = hits[i - 1]!.attempt.packet?.ipId;
    const id = hits[i]!.attempt.packet?.ipId;
    if (before === undefined || id === undefined) return false;
    const step = (id - before + 65_536) % 65_536;
    if (step === 0 || step > 64) return false;
  }
  return true;
}

function sameSourcePort(hits: readonly Hit[]): number | undefined {
  const port = hits[0]?.attempt.source.port;
  return port !== undefined && hits.every((hit) => hit.attempt.source.port === port) ? port : undefined;
}

/** All sources go through the same targets, in the same order; in a round that is not over, some are one target behind. */
function sameOrder(groups: ReadonlyMap<string, readonly Hit[]>): boolean {
  const orders = [...groups.values()].map((group) => group.map((hit) => `${hit.host.ip}:${hit.port}`));
  const longest = orders.reduce((a, b) => (b.length > a.length ? b : a), []);
  return orders.every(
    (order) =>
      order.length >= 2 &&
      longest.length - order.length <= 1 &&
      order.every((target, i) => target === longest[i]),
  );
}

/**
 * Evidence that several claimed sources are one machine with decoys (nmap -D), as sentences with their reason. One trait
 * alone is chance; the verdict needs two. Nobody is blamed: which of the sources is real cannot be told from logs.
 */
export function decoyRemarks(hits: readonly Hit[]): readonly string[] {
  const groups = bySource(hits);
  if (groups.size < MIN_SOURCES) return [];
  const traits: string[] = [];
  const ttl = shared(hits, 'ttl');
  if (ttl !== undefined) traits.push(`the same TTL (${ttl})`);
  const window = shared(hits, 'window');
  if (window !== undefined) traits.push(`the same TCP window (${window})`);
  if (oneCounter(hits)) traits.push('IP ids from one counter');
  const port = sameSourcePort(hits);
  if (port !== undefined) traits.push(`the same source port (${port})`);
  if (sameOrder(groups)) traits.push('the same targets in the same order');
  // A common TTL and window alone fit any fleet of like machines equally far away.
  const telling = traits.filter((trait) => !trait.startsWith('the same T')).length;
  if (traits.length < 2 || telling === 0) return [];
  return [
    `perhaps one machine behind ${groups.size} claimed sources (decoys): ${traits.join(', ')}. Which of them is real, if any, can not be told: blame nobody`,
  ];
}
