import type { Device, RouterPlan, Watched } from './device.ts';
import { comment, netmask, ofFamily, preamble, remark } from './text.ts';

/**
 * Cisco IOS and IOS XE. Commands: Cisco IOS Security Command Reference (`ip access-list`, `ipv6 access-list`), Network
 * Management Command Reference (`logging host`, `logging rate-limit`), Cisco's "Understanding Access Control List Logging".
 */
export const ciscoIos: Device = { name: 'cisco-ios', title: 'Cisco IOS, IOS XE', comment: '!', render };

const say = (...sentences: string[]) => comment('!', ...sentences);

function render(plan: RouterPlan): string[] {
  const lists = ([4, 6] as const).filter((family) => ofFamily(plan, family).length > 0);
  return [
    ...preamble('!', 'cisco-ios', plan),
    ...say('Paste it in configuration mode.', ''),
    ...clock(),
    ...syslog(plan),
    ...rates(),
    ...lists.flatMap((family) => accessList(family, ofFamily(plan, family))),
    ...(lists.length === 0 ? [] : attach(lists, plan.interfaceName ?? 'GigabitEthernet0/0')),
  ];
}

function clock(): string[] {
  return [
    ...say(
      'Stamps with date, year, milliseconds and zone. Without NTP the router marks its clock as not synchronised (a * before the stamp), and knockwatch goes by the time of arrival.',
    ),
    'service timestamps log datetime msec localtime show-timezone year',
    ...say('Sequence numbers: a gap shows what was lost on the way.'),
    'service sequence-numbers',
    '!',
  ];
}

function syslog({ collector: { address, port, protocol } }: RouterPlan): string[] {
  return [
    ...say('ACL lines have severity 6, informational.'),
    'logging on',
    'logging trap informational',
    'logging origin-id hostname',
    `logging host ${address.includes(':') ? 'ipv6 ' : ''}${address} transport ${protocol} port ${port}`,
    '!',
  ];
}

function rates(): string[] {
  return say(
    'Rate limits. The first packet of a flow is logged at once, its repeats after five minutes as one line with their count: a sweep is seen at once, and "ip access-list log-update threshold" needs no change.',
    'Packets that are logged go through the CPU. "ip access-list logging interval 10" looks at one in 10 ms only and "logging rate-limit 200 except 5" passes 200 lines a second: both lose the middle of a fast sweep, so use them only when the CPU has to be saved. The router then writes IPACCESSLOGRL, which knockwatch counts as loss.',
    '',
  );
}

function accessList(family: 4 | 6, entries: readonly Watched[]): string[] {
  const head = family === 4 ? 'ip access-list extended KNOCKWATCH' : 'ipv6 access-list KNOCKWATCH6';
  return [
    ...say('log-input adds the interface and the MAC address; a switch that does not know it takes "log".'),
    ...say(
      `A list that an interface uses denies everything it does not name yet while it is written, your own session too. When you load this again, take it off the interface first: "no ${family === 4 ? 'ip access-group KNOCKWATCH in' : 'ipv6 traffic-filter KNOCKWATCH6 in'}".`,
    ),
    `no ${head}`,
    head,
    ...(family === 4 ? [] : [' permit icmp any any nd-na', ' permit icmp any any nd-ns']),
    ...entries.flatMap((entry, i) => [
      ...(entry.destination === entries[i - 1]?.destination
        ? []
        : [` remark ${remark(entry).slice(0, 100)}`]),
      ...entriesOf(entry),
    ]),
    ' remark everything else goes on as before',
    ` permit ${family === 4 ? 'ip' : 'ipv6'} any any`,
    ' exit',
    '!',
  ];
}

function entriesOf(entry: Watched): string[] {
  const to = target(entry);
  if (entry.transport === 'any') return [` deny ${entry.family === 4 ? 'ip' : 'ipv6'} any ${to} log-input`];
  return entry.ports.map(({ from, to: last }) => {
    const port = from === last ? `eq ${from}` : `range ${from} ${last}`;
    return ` deny ${entry.transport} any ${to} ${port} log-input`;
  });
}

function target({ family, destination }: Watched): string {
  if (!destination.includes('/')) return `host ${destination}`;
  if (family === 6) return destination;
  const { address, wildcard } = netmask(destination);
  return `${address} ${wildcard}`;
}

function attach(lists: readonly (4 | 6)[], interfaceName: string): string[] {
  return [
    ...say(
      'Put it on the interface the strangers come in by. An interface has one list a direction: where there is one already, copy the deny lines to its top instead, and end it in "deny ip any any log-input".',
    ),
    `! interface ${interfaceName}`,
    ...(lists.includes(4) ? ['!  ip access-group KNOCKWATCH in'] : []),
    ...(lists.includes(6) ? ['!  ipv6 traffic-filter KNOCKWATCH6 in'] : []),
  ];
}
