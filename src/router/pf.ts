import type { Device, RouterPlan, Watched } from './device.ts';
import { collectorText, comment, portText, preamble, remark } from './text.ts';

/** pf of OpenBSD and FreeBSD (pf.conf(5)): the content of an anchor. */
export const pf: Device = { name: 'pf', title: 'OpenBSD, FreeBSD pf', comment: '#', render };

const say = (...sentences: string[]) => comment('#', ...sentences);

function render(plan: RouterPlan): string[] {
  const { watched, collector, interfaceName } = plan;
  const to = `${collector.protocol === 'tcp' ? '@tcp://' : '@'}${collectorText(collector)}`;
  return [
    ...preamble('#', 'pf', plan),
    ...say('Once, in /etc/pf.conf, before your own filter rules:'),
    '#   anchor "knockwatch"',
    ...say('Load it, as often as you like; it replaces what the anchor holds:'),
    '#   pfctl -a knockwatch -f knockwatch.pf',
    ...say('pf logs to pflog0, not to syslog. Have this started at boot:'),
    '#   tcpdump -n -e -l -tttt -i pflog0 | logger -t pf -p local0.info      (FreeBSD)',
    '#   tcpdump -n -e -l -ttt -i pflog0 | logger -t pf -p local0.info       (OpenBSD)',
    ...say('and in /etc/syslog.conf:'),
    `#   local0.info ${to}`,
    ...say(
      'Rate limits: pf has none, it logs every blocked packet. tcpdump loses what it can not take and counts it ("packets dropped by kernel"); -B 4096 gives FreeBSD\'s more room. pflog stamps have no zone and, from OpenBSD, no year.',
    ),
    ...watched.flatMap((entry, i) => [
      ...(entry.destination === watched[i - 1]?.destination ? [] : [`# ${remark(entry)}`]),
      rule(entry, interfaceName),
    ]),
  ];
}

function rule({ family, destination, transport, ports }: Watched, interfaceName: string | undefined): string {
  const on = interfaceName === undefined ? '' : ` on ${interfaceName}`;
  const head = `block drop in log quick${on} ${family === 4 ? 'inet' : 'inet6'}`;
  // All of IPv6 would take neighbour discovery along, and with it the host.
  const all = family === 4 ? '' : ' proto { tcp, udp }';
  if (transport === 'any') return `${head}${all} from any to ${destination} label "knockwatch"`;
  const list = ports.map((port) => portText(port, ':')).join(', ');
  return `${head} proto ${transport} from any to ${destination} port { ${list} } label "knockwatch"`;
}
