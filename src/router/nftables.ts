import type { Device, RouterPlan, Watched } from './device.ts';
import { BURST, forwarding, LOG_PREFIX, PER_SECOND } from './forwarding.ts';
import { comment, portText, preamble, remark } from './text.ts';

/** nftables (nft(8)): one table of its own, in front of all others, IPv4 and IPv6. */
export const nftables: Device = { name: 'nftables', title: 'Linux nftables', comment: '#', render };

function render(plan: RouterPlan): string[] {
  return [
    '#!/usr/sbin/nft -f',
    ...preamble('#', 'nftables', plan),
    ...comment(
      '#',
      'Load it, as often as you like: nft -f knockwatch.nft. It replaces its own table and touches no other; what it does not drop goes on to your own rules.',
    ),
    ...forwarding(plan),
    'table inet knockwatch',
    'delete table inet knockwatch',
    'table inet knockwatch {',
    ...loud(4),
    ...loud(6),
    '  chain watched {',
    '    ct state established,related return',
    '    icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } return',
    ...plan.watched.flatMap((entry, i) => [
      ...(entry.destination === plan.watched[i - 1]?.destination ? [] : [`    # ${remark(entry)}`]),
      `    ${rule(entry, plan.interfaceName)}`,
    ]),
    '  }',
    ...refuse(4, plan),
    ...refuse(6, plan),
    ...hook('input'),
    ...hook('forward'),
    '}',
  ];
}

/** Sources seen lately, each with its own limit. */
function loud(family: 4 | 6): string[] {
  return [
    `  set sources${family} {`,
    `    type ${family === 4 ? 'ipv4_addr' : 'ipv6_addr'}`,
    '    size 65535',
    '    flags dynamic,timeout',
    '    timeout 1m',
    '  }',
  ];
}

function refuse(family: 4 | 6, { nflogGroup }: RouterPlan): string[] {
  const ip = family === 4 ? 'ip' : 'ip6';
  const log =
    nflogGroup === undefined
      ? `log prefix "${LOG_PREFIX}" level info`
      : `log prefix "${LOG_PREFIX}" group ${nflogGroup}`;
  return [
    `  chain refuse${family} {`,
    `    update @sources${family} { ${ip} saddr limit rate ${PER_SECOND}/second burst ${BURST} packets } ${log}`,
    '    counter drop',
    '  }',
  ];
}

function hook(name: 'input' | 'forward'): string[] {
  return [
    `  chain ${name} {`,
    `    type filter hook ${name} priority -10; policy accept;`,
    '    jump watched',
    '  }',
  ];
}

function rule({ family, destination, transport, ports }: Watched, interfaceName: string | undefined): string {
  const from = interfaceName === undefined ? '' : `iifname "${interfaceName}" `;
  const to = `${from}${family === 4 ? 'ip' : 'ip6'} daddr ${destination}`;
  const where =
    transport === 'any'
      ? to
      : `${to} ${transport} dport { ${ports.map((port) => portText(port, '-')).join(', ')} }`;
  return `${where} jump refuse${family}`;
}
