/** Something the translation could not take over, or that somebody should look at. */
export interface SwatchNote {
  /** 1-based line of the swatchrc. */
  readonly line: number;
  readonly message: string;
}

/** A `watchfor` or `ignore` in knockwatch's words. */
export interface Translated {
  readonly id: string;
  readonly line: number;
  readonly regex: string;
  readonly isIgnored: boolean;
  readonly kind: 'login' | 'request';
  readonly detect: string;
  readonly quiet?: string;
  /** What to write into knockwatch.yaml. */
  readonly channels: readonly string[];
}

/** The rule file as text; what the translation left out stands in its comments. */
export function ruleFile(
  translated: readonly Translated[],
  notes: readonly SwatchNote[],
  name: string,
): string {
  const watched = translated.filter(({ isIgnored }) => !isIgnored);
  const channels = new Set(watched.flatMap((one) => one.channels));
  return [
    '# yaml-language-server: $schema=./knockwatch.schema.json',
    '#',
    `# Translated from ${comment(name)} by knockwatch import swatch. The number in an id is the line it comes from.`,
    '# Lines that knockwatch reads by itself (firewalls, sshd, TCP Wrappers ...) need no pattern: look through rules/ first.',
    ...(notes.length === 0 ? [] : ['#', '# To look at:']),
    ...notes.map(({ line, message }) => `#   line ${line}: ${comment(message)}`),
    ...(channels.size === 0 ? [] : ['#', '# For knockwatch.yaml:', '#', '#   channels:']),
    ...[...channels].map((channel) => `#     ${comment(channel)}`),
    '',
    translated.length === 0 ? 'patterns: []' : 'patterns:',
    ...translated.flatMap(patternLines),
    '',
    watched.length === 0 ? 'rules: []' : 'rules:',
    ...watched.flatMap(ruleLines),
    '',
  ].join('\n');
}

function patternLines({ id, isIgnored, kind, regex }: Translated): string[] {
  const action = isIgnored ? 'unknown                              # nothing watches it: ignored' : 'failed';
  return [`  - id: ${id}`, `    regex: ${quoted(regex)}`, `    kind: ${kind}`, `    action: ${action}`];
}

function ruleLines({ detect, id, line, quiet }: Translated): string[] {
  return [
    `  - id: ${id}`,
    `    title: Line ${line} of the swatchrc`,
    `    watch: { hosts: any, ports: any, patterns: [${id}] }`,
    `    detect: ${detect}`,
    ...(quiet === undefined ? [] : [`    quiet: ${quiet}`]),
  ];
}

/** A YAML scalar in single quotes, in which nothing but they themselves has a meaning. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Text that stays in its comment. */
function comment(text: string): string {
  return text.replace(/[\x00-\x1f\x7f\x85\u2028\u2029\ufeff]/g, ' ').slice(0, 500);
}
