import { didYouMean } from '../lib/nearest.ts';
import type { YamlPath } from '../lib/yaml-file.ts';
import type { Resolving } from './resolve.ts';

/** Patterns a rule names must be there. */
export function checkPatterns(
  patterns: readonly string[] | undefined,
  path: YamlPath,
  { patternIds, problems, source }: Resolving,
): void {
  for (const [i, id] of (patterns ?? []).entries())
    if (!patternIds.has(id))
      problems.add(
        source.locate([...path, i]),
        `no pattern is called \`${id}\`${didYouMean(id, patternIds)}`,
      );
}

/** An alert for a channel that does not exist would reach nobody. */
export function checkChannels(
  names: readonly string[],
  path: YamlPath,
  { channels, problems, source }: Resolving,
): void {
  if (channels === undefined) return;
  for (const [i, name] of names.entries())
    if (!channels.includes(name))
      problems.add(
        source.locate([...path, i]),
        `no channel is called \`${name}\`${didYouMean(name, channels) || `: there ${channels.length === 1 ? 'is' : 'are'} ${channels.join(', ') || 'none'}`}`,
      );
}
