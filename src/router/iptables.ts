import type { Device, RouterPlan, Watched } from './device.ts';
import { BURST, forwarding, LOG_PREFIX, PER_SECOND } from './forwarding.ts';
import { comment, portText, preamble, remark } from './text.ts';

/** What `-m multiport` takes in one rule; a range counts as two (iptables-extensions(8)). */
const MULTIPORT = 15;

/** iptables and ip6tables, as input of iptables-restore: lines of the other family (`-4`, `-6`) are ignored (iptables(8)). */
export const iptables: Device = { name: 'iptables', title: 'Linux iptables', comment: '#', render };

function render(plan: RouterPlan): string[] {
  const { watched, interfaceName } = plan;
  return [
    ...preamble('#', 'iptables', plan),
    ...comment('#', 'Load it, as often as you like; it replaces its own chains and touches no others:'),
    '#   iptables-restore --noflush < knockwatch.rules',
    '#   ip6tables-restore --noflush < knockwatch.rules',
    ...comment('#', 'And once, so that packets come by:'),
    ...['iptables', 'ip6tables'].flatMap((tool) =>
      ['INPUT', 'FORWARD'].map(
        (chain) => `#   ${tool} -C ${chain} -j KNOCKWATCH || ${tool} -I ${chain} -j KNOCKWATCH`,
      ),
    ),
    ...forwarding(plan),
    '*filter',
    ':KNOCKWATCH - [0:0]',
    ':KNOCKWATCH-DROP - [0:0]',
    '-A KNOCKWATCH -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN',
    // Neighbour discovery (RFC 4861): without it an IPv6 host that is watched as a whole is gone.
    ...[133, 134, 135, 136].map((type) => `-A KNOCKWATCH -6 -p ipv6-icmp --icmpv6-type ${type} -j RETURN`),
    ...watched.flatMap((entry, i) => [
      ...(entry.destination === watched[i - 1]?.destination ? [] : [`# ${remark(entry)}`]),
      ...rules(entry, interfaceName),
    ]),
    `-A KNOCKWATCH-DROP -m hashlimit --hashlimit-name knockwatch --hashlimit-mode srcip --hashlimit-upto ${PER_SECOND}/sec --hashlimit-burst ${BURST} -j ${target(plan)}`,
    '-A KNOCKWATCH-DROP -j DROP',
    'COMMIT',
  ];
}

function target({ nflogGroup }: RouterPlan): string {
  return nflogGroup === undefined
    ? `LOG --log-prefix "${LOG_PREFIX}" --log-level info`
    : `NFLOG --nflog-group ${nflogGroup} --nflog-prefix "${LOG_PREFIX}"`;
}

function rules(entry: Watched, interfaceName: string | undefined): string[] {
  const from = interfaceName === undefined ? '' : ` -i ${interfaceName}`;
  const head = `-A KNOCKWATCH -${entry.family}${from} -d ${entry.destination}`;
  if (entry.transport === 'any') return [`${head} -j KNOCKWATCH-DROP`];
  return chunks(entry.ports).map(
    (ports) =>
      `${head} -p ${entry.transport} -m multiport --dports ${ports.map((port) => portText(port, ':')).join(',')} -j KNOCKWATCH-DROP`,
  );
}

function chunks(ports: Watched['ports']): Watched['ports'][] {
  const result: Watched['ports'][number][][] = [];
  let room = 0;
  for (const port of ports) {
    const cost = port.from === port.to ? 1 : 2;
    if (cost > room) {
      result.push([]);
      room = MULTIPORT;
    }
    result.at(-1)!.push(port);
    room -= cost;
  }
  return result;
}
