import { isIP } from 'node:net';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { isPlain } from '../config/listeners.ts';
import { canonicalIp } from '../lib/ip.ts';
import type { Collector, Device } from '../router/device.ts';
import { DEVICES } from '../router/index.ts';
import { planWatched } from '../router/plan.ts';
import type { HostSet } from '../rule.ts';
import { joinHosts, parseHosts } from '../rules/hosts.ts';
import { configOrFail } from './config-option.ts';
import { CliError, EXIT_USAGE, type Io, paint } from './io.ts';
import { rulesOrFail } from './rules-option.ts';

interface Options {
  readonly for: string;
  readonly collector: { readonly address: string; readonly port?: number };
  readonly tcp?: boolean;
  readonly hosts?: HostSet;
  readonly interface?: string;
  readonly nflog?: number;
  readonly rules?: string;
}

function address(text: string): Options['collector'] {
  const match = /^(?:\[(?<v6>[^\]]{2,64})\]|(?<v4>[\d.]{7,15}))(?::(?<port>\d{1,5}))?$/.exec(text);
  const port = match?.groups?.['port'] === undefined ? undefined : Number(match.groups['port']);
  const written = match?.groups?.['v6'] ?? match?.groups?.['v4'] ?? text;
  const canonical = isIP(written) === 0 || written.includes('%') ? undefined : canonicalIp(written);
  if (canonical === undefined || port === 0 || (port ?? 0) > 65_535)
    throw new InvalidArgumentError(
      'write an address: 192.0.2.5, 192.0.2.5:514, 2001:db8::5 or [2001:db8::5]:514.',
    );
  return { address: canonical, ...(port === undefined ? {} : { port }) };
}

/** Addresses and networks as a set; throws for what is neither. */
function hostSet(texts: readonly string[]): HostSet {
  return joinHosts(
    texts.map((text) => {
      const result = parseHosts(text.trim());
      if (!result.ok) throw new InvalidArgumentError(result.message);
      return result.hosts;
    }),
  );
}

function interfaceName(text: string): string {
  if (!/^[A-Za-z][A-Za-z0-9/._:-]{0,40}$/.test(text))
    throw new InvalidArgumentError('an interface is a letter and then letters, digits and / . _ : -');
  return text;
}

function group(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('an NFLOG group is a number from 0 to 65535.');
  return Number(text);
}

/** The port and protocol the daemon itself listens on are what the device has to send to. */
function collectorOf({ collector, tcp = false }: Options, { listeners }: Config): Collector {
  const protocol = tcp ? 'tcp' : 'udp';
  const port =
    collector.port ??
    listeners.filter(isPlain).find((listener) => listener.protocol === protocol)?.port ??
    514;
  return { address: collector.address, port, protocol };
}

function configuration(
  device: Device,
  options: Options,
  config: Config,
  watched: ReturnType<typeof planWatched>,
): string {
  const lines = device.render({
    ...watched,
    collector: collectorOf(options, config),
    ...(options.interface === undefined ? {} : { interfaceName: options.interface }),
    ...(options.nflog === undefined ? {} : { nflogGroup: options.nflog }),
  });
  return `${lines.join('\n')}\n`;
}

/** `knockwatch router`: the configuration that makes a router deny, log and send what the rules watch. */
export function registerRouter(program: Command, io: Io): void {
  program
    .command('router')
    .description(
      'write the router configuration that denies, logs and sends what the rules watch; changes nothing itself',
    )
    .addOption(
      new Option('--for <device>', 'kind of device')
        .choices(DEVICES.map(({ name }) => name))
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--collector <address>',
        'address of this machine as the device sees it, with a port if it is not the configured one',
      )
        .argParser(address)
        .makeOptionMandatory(),
    )
    .option('--tcp', 'send over TCP instead of UDP')
    .option(
      '--hosts <list>',
      'your addresses and networks, with commas: what `any` in a rule means (default: ownNetworks)',
      (text: string) => hostSet(text.split(',')),
    )
    .option('--interface <name>', 'interface the strangers come in by', interfaceName)
    .option(
      '--nflog <group>',
      'iptables and nftables: log to this NFLOG group, for ulogd, instead of the kernel ring',
      group,
    )
    .option('--rules <path>', 'rule directory or file (default: the one the configuration names)')
    .addHelpText(
      'after',
      `
Read it before you load it: it denies the ports that are watched.

Examples:
  knockwatch router --for cisco-ios --collector 192.0.2.5
  knockwatch router --for nftables --collector 192.0.2.5:514 --hosts 203.0.113.0/24,2001:db8::/32 > knockwatch.nft`,
    )
    .action(async (options: Options, command: Command) => {
      const config = await configOrFail(io, command);
      const ruleSet = await rulesOrFail(io, options.rules ?? config.rules);
      const device = DEVICES.find(({ name }) => name === options.for)!;
      let watched: ReturnType<typeof planWatched>;
      try {
        watched = planWatched(ruleSet, options.hosts ?? hostSet(config.ownNetworks));
      } catch (error) {
        throw new CliError(EXIT_USAGE, (error as Error).message);
      }
      io.stdout.write(configuration(device, options, config, watched));
      for (const sentence of watched.omitted) io.stderr.write(`${paint(io, 'stderr', 'yellow', sentence)}\n`);
    });
}
