import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { configSchema } from '../../src/config/config.ts';
import { isPlain } from '../../src/config/listeners.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { channelOptions, channelSentence } from '../../src/daemon/notifications.ts';

const dir = mkdtempSync(join(tmpdir(), 'knockwatch-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

function load(text: string, env: Record<string, string> = {}) {
  const file = join(dir, 'knockwatch.yaml');
  writeFileSync(file, text);
  return loadConfig(file, env);
}

describe('loadConfig() says what is wrong, where, and what was meant', () => {
  it.each([
    ['an unknown key', 'listners: []\n', 1, 1, /listners.*listeners/],
    ['a port out of range', 'listeners:\n  - { protocol: udp, port: 70000 }\n', 2, 28, /65535|65,535/],
    ['an unknown protocol', 'listeners:\n  - { protocol: upd }\n', 2, 17, /udp/],
    [
      'a TLS listener without a certificate',
      'listeners:\n  - { protocol: tls, key: /etc/k.pem }\n',
      2,
      5,
      /cert/,
    ],
    [
      'a client certificate that nothing could check',
      'listeners:\n  - { protocol: tls, cert: /c, key: /k, requireClientCert: true }\n',
      2,
      60,
      /needs ca or clientFingerprints/,
    ],
    [
      'a fingerprint that is none',
      'listeners:\n  - { protocol: tls, cert: /c, key: /k, clientFingerprints: ["AB"] }\n',
      2,
      62,
      /SHA-256/,
    ],
    [
      'a setting of another kind of listener',
      'listeners:\n  - { protocol: tail, path: /a, port: 5 }\n',
      2,
      33,
      /port/,
    ],
    ['a mode that is none', 'listeners:\n  - { protocol: unix, path: /a, mode: "999" }\n', 2, 39, /660/],
    [
      'a mail server with a port there is none of',
      'channels:\n  - { kind: email, via: "smtp://mail.example.net:99999" }\n',
      2,
      25,
      /65535/,
    ],
    ['a Redis without a host', 'state: redis://:6379\n', 1, 8, /host/],
    ['a span of time without a unit', 'correlation: { settle: 10 }\n', 1, 24, /500ms/],
    ['an address that is none', 'allowedSenders: [192.0.2.300]\n', 1, 18, /not an address/],
    ['a sender network longer than its address', 'allowedSenders: [192.0.2.0/99]\n', 1, 18, /CIDR network/],
    ['own networks longer than their addresses', 'ownNetworks: [192.0.2.0/33]\n', 1, 15, /CIDR network/],
    ['an IPv6 network longer than its address', 'ownNetworks: ["2001:db8::/129"]\n', 1, 15, /CIDR network/],
    ['a trap on a service that does not exist', 'traps: [{ ports: [imapp] }]\n', 1, 18, /imapp.*imap/],
    ['a trap on a port that does not exist', 'traps: [{ ports: [70000] }]\n', 1, 18, /65535|TCP port/],
    [
      'a trap on more ports than there should be',
      `traps: [{ ports: [x11, ${Array.from({ length: 193 }, (_, i) => i + 1).join(', ')}] }]\n`,
      1,
      18,
      /more than 256 ports/,
    ],
    ['a trap on an UDP service', 'traps: [{ ports: [syslog] }]\n', 1, 18, /TCP port/],
    ['a webhook to a file', 'channels:\n  - { kind: webhook, url: "file:///etc/passwd" }\n', 2, 26, /https/],
    [
      'a program that would be looked for',
      'channels:\n  - { kind: exec, command: [page] }\n',
      2,
      27,
      /absolute/,
    ],
    ['a command for a shell', 'channels:\n  - { kind: exec, command: "page | mail" }\n', 2, 27, /list/],
    [
      'a channel that may take longer than a try',
      'channels:\n  - { kind: exec, command: [/bin/true], timeout: 2m }\n',
      2,
      51,
      /55s/,
    ],
    ['a digest at no time of day', 'digest: { daily: "7 am" }\n', 1, 18, /07:00/],
    ['a zone that does not exist', 'zone: Mars/Olympus\n', 1, 7, /time zone/],
    ['a channel kind that does not exist', 'channels:\n  - { kind: emial }\n', 2, 13, /kind/],
    [
      'a recipient with a second command',
      'channels:\n  - { kind: email, to: ["a@example.net\\r\\nRCPT TO:<b@example.net>"] }\n',
      2,
      24,
      /./,
    ],
    [
      'two channels of one name',
      'channels:\n  - { kind: email }\n  - { kind: stdout }\n  - { kind: email }\n',
      4,
      5,
      /another channel is called so/,
    ],
    ['an interface to listen on', 'listeners: [{ protocol: udp, host: eth0 }]\n', 1, 36, /not an address/],
    ['the same of a trap', 'traps: [{ host: eth0, ports: [imap] }]\n', 1, 17, /not an address/],
    ['broken YAML', 'rules: [\n', 2, 1, /./],
  ])('%s', (_, text, line, column, message) => {
    const { config, problems } = load(text);
    expect(config).toBeUndefined();
    expect(problems[0]!.position).toMatchObject({ line });
    expect(Math.abs(problems[0]!.position.column - column)).toBeLessThanOrEqual(1);
    expect(problems[0]!.message).toMatch(message);
  });

  it('a directory', () => {
    expect(loadConfig(dir, {}).problems[0]!.message).toContain('is a directory: name the file in it');
  });

  it('a file that does not exist', () => {
    expect(loadConfig(join(dir, 'nowhere.yaml'), {}).problems[0]!.message).toContain('no such file');
  });
});

describe('loadConfig()', () => {
  it('without a file gives the defaults', () => {
    const { config } = load('{}\n');
    expect(
      config!.listeners.filter(isPlain).map(({ protocol, host, port }) => `${protocol} ${host} ${port}`),
    ).toEqual(['udp * 5514', 'tcp * 5514']);
    expect(config!.correlation).toMatchObject({ settle: 10_000, quiet: 900_000, lateness: 2_000 });
  });

  it('reads every kind of listener', () => {
    const text = [
      'listeners:',
      '  - { protocol: tls, cert: /etc/c.pem, key: /etc/k.pem, ca: /etc/ca.pem }',
      '  - { protocol: unix, path: /run/knockwatch/log.sock, mode: "666" }',
      '  - { protocol: tail, path: /var/log/router.log }',
    ].join('\n');
    expect(load(text).config!.listeners).toMatchObject([
      { protocol: 'tls', host: '*', port: 6514, ca: '/etc/ca.pem', clientFingerprints: [] },
      { protocol: 'unix', mode: '666', maxConnections: 1_000 },
      { protocol: 'tail', from: 'end' },
    ]);
  });

  it('resolves paths against the file', () => {
    expect(load('rules: my-rules\nstateDir: state\n').config).toMatchObject({
      rules: join(dir, 'my-rules'),
      stateDir: join(dir, 'state'),
    });
  });

  it('resolves the paths of listeners against the file too', () => {
    const text = [
      'listeners:',
      '  - { protocol: tls, cert: tls/c.pem, key: tls/k.pem, ca: ca.pem }',
      '  - { protocol: unix, path: log.sock }',
      '  - { protocol: tail, path: ../router.log }',
      '  - { protocol: tail, path: /var/log/router.log }',
    ].join('\n');
    expect(load(text).config!.listeners).toMatchObject([
      { cert: join(dir, 'tls/c.pem'), key: join(dir, 'tls/k.pem'), ca: join(dir, 'ca.pem') },
      { path: join(dir, 'log.sock') },
      { path: join(dir, '../router.log') },
      { path: '/var/log/router.log' },
    ]);
  });

  it('takes secrets from the environment', () => {
    const { config } = load('channels: [{ kind: email, via: "smtp://u@mail.example.net:587" }]\n', {
      KNOCKWATCH_SMTP_PASSWORD: 's3cret',
    });
    expect(config!.channels[0]).toMatchObject({ password: 's3cret' });
  });

  it('takes secrets of webhooks from the environment and from files', () => {
    writeFileSync(join(dir, 'secret'), 's3cret\nsecond line\n');
    const { config } = load(
      'channels: [{ kind: webhook, name: on-call, form: slack, secretFile: secret }]\n',
      {
        KNOCKWATCH_ON_CALL_URL: 'https://chat.example.net/T0',
      },
    );
    expect(channelOptions(config!.channels)).toEqual([
      {
        kind: 'webhook',
        name: 'on-call',
        form: 'slack',
        url: 'https://chat.example.net/T0',
        secret: 's3cret',
        timeoutMs: 15_000,
      },
    ]);
    expect(channelSentence(config!.channels[0]!)).toBe(
      'channel on-call: alerts are posted to https://chat.example.net (slack)',
    );
    const { config: without } = load('channels: [{ kind: webhook, name: on-call }]\n');
    expect(() => channelOptions(without!.channels)).toThrow('KNOCKWATCH_ON_CALL_URL');
  });

  it('reads the ports of traps: numbers, and services with all their TCP ports', () => {
    const { config } = load(
      'traps: [{ ports: [imap, 139, "513", imap] }, { host: 192.0.2.10, ports: [smb] }]\n',
    );
    expect(config!.traps).toEqual([
      { host: '*', ports: [143, 139, 513] },
      { host: '192.0.2.10', ports: expect.arrayContaining([139, 445]) },
    ]);
  });

  it.each([
    ['samba', [137, 138, 139, 445]],
    ['netbios', [137, 138, 139]],
    ['r-services', [512, 513, 514]],
    ['winrm', [5985, 5986]],
  ])('a trap on %s is on each of its ports', (service, ports) => {
    expect(load(`traps: [{ ports: [${service}] }]\n`).config!.traps[0]!.ports).toEqual(ports);
  });

  it('a trap on a service with many ports is on all of them', () => {
    expect(load('traps: [{ ports: [x11] }]\n').config!.traps[0]!.ports).toEqual(
      Array.from({ length: 64 }, (_, i) => 6_000 + i),
    );
  });

  it('every kind of channel becomes options and a sentence that tells no secret', () => {
    const text = [
      'channels:',
      '  - { kind: email, via: "smtp://joe:s3cret@mail.example.net:587" }',
      '  - { kind: webhook, url: "https://chat.example.net/s3cret", token: s3cret }',
      '  - { kind: exec, command: [/usr/local/bin/page, s3cret], timeout: 5s }',
      '  - { kind: syslog, host: 192.0.2.9 }',
      '  - { kind: stdout }',
    ].join('\n');
    const { channels } = load(text).config!;
    expect(channelOptions(channels, 'mon1')).toMatchObject([
      { kind: 'email' },
      { kind: 'webhook', form: 'json' },
      { kind: 'exec', command: ['/usr/local/bin/page', 's3cret'], timeoutMs: 5_000 },
      { kind: 'syslog', protocol: 'udp', port: 514, facility: 'daemon', hostName: 'mon1' },
      { kind: 'stdout' },
    ]);
    for (const channel of channels) expect(channelSentence(channel)).not.toContain('s3cret');
  });

  it('the example file holds the defaults, and every setting is in it', () => {
    const file = resolve(import.meta.dirname, '../../knockwatch.example.yaml');
    const text = readFileSync(file, 'utf8');
    const { config, problems } = loadConfig(file, {});
    expect(problems).toEqual([]);
    const defaults = configSchema.parse({});
    for (const key of [
      'listeners',
      'traps',
      'allowedSenders',
      'ownNetworks',
      'senders',
      'prefixes',
      'correlation',
      'budget',
      'limits',
      'log',
    ] as const) {
      expect(config![key], key).toEqual(defaults[key]);
    }
    for (const key of Object.keys(configSchema.shape))
      expect(text, key).toMatch(new RegExp(`^(# )?${key}:`, 'm'));
  });
});
