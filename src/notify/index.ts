import type { Channel } from './channel.ts';
import { EmailChannel } from './email.ts';
import type { ChannelOptions } from './options.ts';
import { StdoutChannel } from './stdout.ts';

/** Every kind of channel there is. A new one is a file of its own, its options, and a line here. */
const CHANNELS: {
  readonly [K in ChannelOptions['kind']]: (options: Extract<ChannelOptions, { kind: K }>) => Channel;
} = {
  email: (options) => new EmailChannel(options),
  stdout: (options) => new StdoutChannel(options),
};

/** The configured channels. Throws TypeError for options that make no sense and for two channels of one name. */
export function createChannels(all: readonly ChannelOptions[]): Channel[] {
  const names = new Set<string>();
  return all.map((options) => {
    if (names.has(options.name)) throw new TypeError(`two channels are called ${options.name}`);
    names.add(options.name);
    const create = CHANNELS[options.kind] as ((options: ChannelOptions) => Channel) | undefined;
    if (create === undefined) {
      throw new TypeError(
        `channel ${options.name}: no kind is called ${options.kind}; there are ${Object.keys(CHANNELS).join(', ')}`,
      );
    }
    return create(options);
  });
}
