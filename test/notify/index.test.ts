import { describe, expect, it } from 'vitest';
import { createChannels } from '../../src/notify/index.ts';
import type { ChannelOptions } from '../../src/notify/options.ts';

const ops = {
  kind: 'email',
  name: 'ops',
  transport: 'smtp://localhost',
  from: 'kw@example.org',
  to: ['ops@example.org'],
} as const;

describe('createChannels()', () => {
  it('makes a channel of each', () => {
    const channels = createChannels([ops, { kind: 'stdout', name: 'json' }]);
    expect(channels.map(({ kind, name }) => [kind, name])).toEqual([
      ['email', 'ops'],
      ['stdout', 'json'],
    ]);
  });

  it('refuses two of one name, a kind nobody knows, and bad options', () => {
    expect(() => createChannels([ops, { kind: 'stdout', name: 'ops' }])).toThrow(
      'two channels are called ops',
    );
    const pigeon = { kind: 'pigeon', name: 'p' } as unknown as ChannelOptions;
    expect(() => createChannels([pigeon])).toThrow(
      'channel p: no kind is called pigeon; there are email, stdout',
    );
    expect(() => createChannels([{ ...ops, to: [] }])).toThrow('channel ops, to: no recipient');
  });
});
