import type { Answers, HostAnswer } from './init-answers.ts';

/** A JSON string is a YAML string; a plain word needs no quotes. */
function scalar(text: string): string {
  return /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

const list = (texts: readonly string[]) => `[${texts.map(scalar).join(', ')}]`;

/** knockwatch.yaml from the answers. */
export function configText({ to, via }: Answers): string {
  const mailbox = via === 'mailbox';
  return `# Every setting and its default is in knockwatch.example.yaml; \`knockwatch check\` says what is wrong here.

rules: rules

channels:
  - kind: email
    via: ${scalar(via)}${mailbox ? '      # .eml files in var/mail; smtp://user@host:587 sends them' : ''}
${to.length === 0 ? '' : `    from: ${scalar(`knockwatch@${to[0]!.split('@')[1]}`)}\n    to: ${list(to)}\n`}`;
}

/** rules/my-network.yaml from the answers. */
export function rulesText({ hosts, ports }: Answers): string {
  return `# What this network watches. \`knockwatch check\` reads it, \`knockwatch replay OLD.LOG\` tries it.
${hosts.some(({ name }) => name !== undefined) ? `\nhosts:\n${hosts.map(definition).join('')}` : ''}
rules:
  - id: my-network
    title: ${scalar(title(hosts))}
    watch:
      hosts: ${hosts.length === 0 ? 'any' : list(hosts.flatMap(reference))}
      ports: ${list(ports)}      # services you do not offer to strangers
    detect:
${condition(hosts, ports)}
    severity: high
`;
}

function definition({ name, addresses }: HostAnswer): string {
  if (name === undefined) return '';
  return `  ${scalar(name)}: ${addresses.length === 1 ? scalar(addresses[0]!) : list(addresses)}\n`;
}

function reference({ name, addresses }: HostAnswer): readonly string[] {
  return name === undefined ? addresses : [name];
}

/** Three hosts make a probe, two when there are only two; a single host is scanned by ports, a single port by anything. */
function condition(hosts: readonly HostAnswer[], ports: readonly string[]): string {
  const several =
    hosts.length === 0 || hosts.some(({ addresses }) => addresses.some((text) => text.includes('/')));
  const count = several ? 3 : Math.min(3, hosts.length);
  if (count >= 2)
    return `      address-scan: { hosts: ${count}, within: 60s }      # one source, the same port, ${count} hosts`;
  if (ports.length >= 2)
    return `      port-scan: { ports: ${Math.min(3, ports.length)}, within: 60s }      # one source, several of these ports`;
  return '      any: {}      # the first sight of a source';
}

function title(hosts: readonly HostAnswer[]): string {
  return hosts.length === 0
    ? 'Knocks on any of our hosts'
    : 'Knocks on the hosts nobody has any business with';
}
