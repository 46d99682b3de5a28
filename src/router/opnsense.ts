import type { Device, RouterPlan, Watched } from './device.ts';
import { comment, portText, preamble, remark } from './text.ts';

/**
 * OPNsense, as a shell script for its API (docs.opnsense.org, development/api: firewall/alias, firewall/filter,
 * syslog/settings): what the pages Firewall: Automation and System: Settings: Logging / targets do.
 */
export const opnsense: Device = { name: 'opnsense', title: 'OPNsense', comment: '#', render };

const say = (...sentences: string[]) => comment('#', ...sentences);

function render(plan: RouterPlan): string[] {
  const { watched, interfaceName = 'wan' } = plan;
  return [
    '#!/bin/sh',
    ...preamble('#', 'opnsense', plan),
    ...say(
      'Run it once on any machine with curl. What it makes is called knockwatch in Firewall: Aliases, Firewall: Automation: Filter and System: Settings: Logging: delete that before you run it again. pfSense has no such API: enter the same by hand.',
      'OPNSENSE is its address (https://192.0.2.1); OPNSENSE_AUTH is key:secret of System: Access: Users: API keys.',
    ),
    'set -eu',
    `: "\${OPNSENSE:?set it to https://ADDRESS of the firewall}" "\${OPNSENSE_AUTH:?set it to KEY:SECRET}"`,
    ...say('The key goes in by standard input: arguments can be read by everybody on the machine.'),
    'api() {',
    `  printf 'user = "%s"\\n' "$OPNSENSE_AUTH" | curl --config - --fail --silent --show-error \\`,
    `    --header 'Content-Type: application/json' --data-raw "$2" "$OPNSENSE/api/$1"`,
    '}',
    ...say(
      'filterlog writes a line for every blocked packet and has no rate limit. RFC 5424 gives stamps with year and zone.',
    ),
    call('syslog/settings/addDestination', { destination: target(plan) }),
    call('syslog/service/reconfigure', {}),
    ...watched.flatMap((entry, i) => [
      ...(entry.destination === watched[i - 1]?.destination ? [] : [`# ${remark(entry)}`]),
      ...rule(entry, `KNOCKWATCH_${i + 1}`, interfaceName),
    ]),
    ...(watched.length === 0
      ? []
      : [call('firewall/alias/reconfigure', {}), call('firewall/filter/apply', {})]),
  ];
}

/** Nothing in `body` may hold a single quote: it is addresses, numbers and words of ours. */
function call(path: string, body: object): string {
  const json = JSON.stringify(body);
  if (json.includes("'")) throw new RangeError(`a quote in ${json}`);
  return `api ${path} '${json}'`;
}

function target({ collector: { address, port, protocol } }: RouterPlan): object {
  return {
    enabled: '1',
    transport: `${protocol}${address.includes(':') ? 6 : 4}`,
    program: 'filterlog',
    hostname: address,
    port: String(port),
    rfc5424: '1',
    description: 'knockwatch',
  };
}

/** All of IPv6 would take neighbour discovery along, and with it the host. */
function protocol({ family, transport }: Watched): string {
  if (transport !== 'any') return transport.toUpperCase();
  return family === 4 ? 'any' : 'TCP/UDP';
}

function rule(entry: Watched, alias: string, interfaceName: string): string[] {
  const rule = {
    enabled: '1',
    action: 'block',
    quick: '1',
    interface: interfaceName,
    direction: 'in',
    ipprotocol: entry.family === 4 ? 'inet' : 'inet6',
    protocol: protocol(entry),
    source_net: 'any',
    destination_net: entry.destination,
    log: '1',
    description: 'knockwatch',
  };
  if (entry.transport === 'any') return [call('firewall/filter/addRule', { rule })];
  const content = entry.ports.map((port) => portText(port, ':')).join('\n');
  return [
    call('firewall/alias/addItem', {
      alias: { enabled: '1', name: alias, type: 'port', content, description: 'knockwatch' },
    }),
    call('firewall/filter/addRule', { rule: { ...rule, destination_port: alias } }),
  ];
}
