import type { Channel } from './channel.ts';
import { EmailChannel } from './email.ts';
import { ExecChannel, MAX_RUNS } from './exec.ts';
import type { ChannelOptions } from './options.ts';
import { RunLimit } from './run-limit.ts';
import { StdoutChannel } from './stdout.ts';
import { SyslogChannel } from './syslog.ts';
import { WebhookChannel } from './webhook.ts';

/** What channels of one configuration share. */
interface Shared {
  readonly runs: RunLimit;
}

/** Every kind of channel there is. A new one is a file of its own, its options, and a line here. */
const CHANNELS: {
  readonly [K in ChannelOptions['kind']]: (
    options: Extract<ChannelOptions, { kind: K }>,
    shared: Shared,
  ) => Channel;
} = {
  email: (options) => new EmailChannel(options),
  exec: (options, { runs }) => new ExecChannel(options, runs),
  stdout: (options) => new StdoutChannel(options),
  syslog: (options) => new SyslogChannel(options),
  webhook: (options) => new WebhookChannel(options),
};

/** The configured channels. Throws TypeError for options that make no sense and for two channels of one name. */
export function createChannels(all: readonly ChannelOptions[]): Channel[] {
  const shared: Shared = { runs: new RunLimit(MAX_RUNS) };
  const names = new Set<string>();
  return all.map((options) => {
    if (names.has(options.name)) throw new TypeError(`two channels are called ${options.name}`);
    names.add(options.name);
    const create = CHANNELS[options.kind] as
      | ((options: ChannelOptions, shared: Shared) => Channel)
      | undefined;
    if (create === undefined) {
      throw new TypeError(
        `channel ${options.name}: no kind is called ${options.kind}; there are ${Object.keys(CHANNELS).join(', ')}`,
      );
    }
    return create(options, shared);
  });
}
