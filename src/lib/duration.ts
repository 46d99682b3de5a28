const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** A length of time for people, in its two largest units: `9 s`, `1 min 30 s`, `2 h`. Under a second: `0.4 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return ms <= 0 ? '0 s' : `${Math.max(0.1, Math.round(ms / 100) / 10)} s`;
  let rest = Math.round(ms / 1_000) * 1_000;
  const parts: string[] = [];
  for (const [unit, length] of UNITS) {
    const n = Math.floor(rest / length);
    if (n > 0) parts.push(`${n} ${unit}`);
    rest -= n * length;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}
