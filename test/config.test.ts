import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { configSchema } from '../src/config.ts';
import { loadConfig } from '../src/config-load.ts';

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
    ['a span of time without a unit', 'correlation: { settle: 10 }\n', 1, 24, /500ms/],
    ['an address that is none', 'allowedSenders: [192.0.2.300]\n', 1, 18, /not an address/],
    ['a zone that does not exist', 'zone: Mars/Olympus\n', 1, 7, /time zone/],
    ['a channel kind that does not exist', 'channels:\n  - { kind: emial }\n', 2, 13, /kind/],
    [
      'a recipient with a second command',
      'channels:\n  - { kind: email, to: ["a@example.net\\r\\nRCPT TO:<b@example.net>"] }\n',
      2,
      24,
      /./,
    ],
    ['broken YAML', 'rules: [\n', 2, 1, /./],
  ])('%s', (_, text, line, column, message) => {
    const { config, problems } = load(text);
    expect(config).toBeUndefined();
    expect(problems[0]!.position).toMatchObject({ line });
    expect(Math.abs(problems[0]!.position.column - column)).toBeLessThanOrEqual(1);
    expect(problems[0]!.message).toMatch(message);
  });

  it('a file that does not exist', () => {
    expect(loadConfig(join(dir, 'nowhere.yaml'), {}).problems[0]!.message).toContain('no such file');
  });
});

describe('loadConfig()', () => {
  it('without a file gives the defaults', () => {
    const { config } = load('{}\n');
    expect(config!.listeners.map(({ protocol, host, port }) => `${protocol} ${host} ${port}`)).toEqual([
      'udp * 5514',
      'tcp * 5514',
    ]);
    expect(config!.correlation).toMatchObject({ settle: 10_000, quiet: 900_000, lateness: 2_000 });
  });

  it('resolves paths against the file', () => {
    expect(load('rules: my-rules\nstateDir: state\n').config).toMatchObject({
      rules: join(dir, 'my-rules'),
      stateDir: join(dir, 'state'),
    });
  });

  it('takes secrets from the environment', () => {
    const { config } = load('channels: [{ kind: email, via: "smtp://u@mail.example.net:587" }]\n', {
      KNOCKWATCH_SMTP_PASSWORD: 's3cret',
    });
    expect(config!.channels[0]).toMatchObject({ password: 's3cret' });
  });

  it('the example file holds the defaults, and every setting is in it', () => {
    const file = resolve(import.meta.dirname, '../knockwatch.example.yaml');
    const text = readFileSync(file, 'utf8');
    const { config, problems } = loadConfig(file, {});
    expect(problems).toEqual([]);
    const defaults = configSchema.parse({});
    for (const key of [
      'listeners',
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
