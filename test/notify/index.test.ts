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
    const channels = createChannels([
      ops,
      { kind: 'stdout', name: 'json' },
      { kind: 'webhook', name: 'chat', url: 'https://chat.example.net/hook' },
      { kind: 'exec', name: 'page', command: ['/usr/local/bin/page'] },
      { kind: 'syslog', name: 'siem', protocol: 'tcp', host: '192.0.2.9', port: 601 },
    ]);
    expect(channels.map(({ kind, name }) => [kind, name])).toEqual([
      ['email', 'ops'],
      ['stdout', 'json'],
      ['webhook', 'chat'],
      ['exec', 'page'],
      ['syslog', 'siem'],
    ]);
  });

  it('refuses two of one name, a kind nobody knows, and bad options', () => {
    expect(() => createChannels([ops, { kind: 'stdout', name: 'ops' }])).toThrow(
      'two channels are called ops',
    );
    const pigeon = { kind: 'pigeon', name: 'p' } as unknown as ChannelOptions;
    expect(() => createChannels([pigeon])).toThrow(
      'channel p: no kind is called pigeon; there are email, exec, stdout, syslog, webhook',
    );
    expect(() => createChannels([{ ...ops, to: [] }])).toThrow('channel ops, to: no recipient');
  });
});
