import type { Device, RouterPlan, Watched } from './device.ts';
import { comment, netmask, preamble, remark } from './text.ts';

/** Cisco ASA. Commands: Cisco ASA Series Command Reference (`access-list extended`, `logging host`, `logging rate-limit`). */
export const ciscoAsa: Device = { name: 'cisco-asa', title: 'Cisco ASA', comment: '!', render };

const say = (...sentences: string[]) => comment('!', ...sentences);

function render(plan: RouterPlan): string[] {
  const { watched, collector, interfaceName = 'outside' } = plan;
  return [
    ...preamble('!', 'cisco-asa', plan),
    ...say('Paste it in configuration mode. The collector is taken to be behind the interface "inside".', ''),
    ...say(
      'Stamps with year and zone. Before 9.10 write "logging timestamp" alone, and name the zone under `senders` in knockwatch.yaml.',
    ),
    'logging enable',
    'logging timestamp rfc5424',
    'logging device-id hostname',
    ...say(
      '106100 has the severity of its entry, 6; the queue holds what the network does not take at once.',
    ),
    'logging trap informational',
    'logging queue 8192',
    `logging host inside ${collector.address} ${collector.protocol}/${collector.port}`,
    ...(collector.protocol === 'tcp'
      ? [
          ...say('Without this line the ASA stops all new connections while the collector is away.'),
          'logging permit-hostdown',
        ]
      : []),
    '!',
    ...rates(),
    ...(watched.length === 0 ? [] : accessList(watched, interfaceName)),
  ];
}

function rates(): string[] {
  return [
    ...say(
      'Rate limits. 106100 comes with the first packet of a flow and then once an interval (300 s) with a count: a sweep is seen at once. The ASA remembers 4096 denied flows ("access-list deny-flow-max"); beyond it writes 106101, which knockwatch counts as loss.',
    ),
    'logging rate-limit unlimited message 106100',
    '!',
  ];
}

function accessList(watched: readonly Watched[], interfaceName: string): string[] {
  return [
    ...say(
      'This takes an older list of the same name off its interface too: enter the access-group line below again afterwards.',
    ),
    'clear configure access-list KNOCKWATCH',
    ...watched.flatMap((entry, i) => [
      ...(entry.destination === watched[i - 1]?.destination
        ? []
        : [`access-list KNOCKWATCH remark ${remark(entry).slice(0, 100)}`]),
      ...entriesOf(entry),
    ]),
    '!',
    ...say(
      `Where the interface has a list already, put the deny lines at its top instead: access-list NAME line 1 extended deny ... Where it has none: an ASA denies what no list permits, so the list ends without a permit. Log that too with a last "deny ip any any log".`,
    ),
    `! access-group KNOCKWATCH in interface ${interfaceName}`,
  ];
}

function entriesOf(entry: Watched): string[] {
  const from = entry.family === 4 ? 'any4' : 'any6';
  const line = (protocol: string, port: string) =>
    `access-list KNOCKWATCH extended deny ${protocol} ${from} ${target(entry)}${port} log 6 interval 300`;
  if (entry.transport === 'any') return [line('ip', '')];
  const { transport } = entry;
  return entry.ports.map(({ from: first, to }) =>
    line(transport, first === to ? ` eq ${first}` : ` range ${first} ${to}`),
  );
}

function target({ family, destination }: Watched): string {
  if (!destination.includes('/')) return `host ${destination}`;
  if (family === 6) return destination;
  const { address, mask } = netmask(destination);
  return `${address} ${mask}`;
}
