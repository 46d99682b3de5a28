/** Longest word compared; longer ones are not typos of anything short. */
const MAX_LENGTH = 64;

/**
 * The candidate a misspelt word most likely meant, or undefined when none is close: at most one edit in three
 * letters, a swap of neighbours counting as one. Letter case does not matter; ties go to the first candidate.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  if (wanted.length > MAX_LENGTH) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` - did you mean ...?`, or nothing when no candidate is close; to be put behind an error message. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const guess = nearest(word, candidates);
  return guess === undefined ? '' : ` - did you mean \`${guess}\`?`;
}

/** Optimal string alignment distance; gives up with `limit` as soon as it cannot stay below it. */
function editDistance(a: string, b: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let smallest = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
      smallest = Math.min(smallest, cost);
    }
    // A swap may still lead from the row before into the next one, never with less than its own minimum plus one.
    if (smallest >= limit && Math.min(...last) + 1 >= limit) return limit;
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
