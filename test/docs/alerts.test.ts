import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { channelOptions } from '../../src/daemon/notifications.ts';
import { decode } from '../../src/decode/decode.ts';
import { createChannels } from '../../src/notify/index.ts';
import { parse } from '../../src/parse/index.ts';
import { docBlocks } from '../support/docs-commands.ts';
import { attemptOf } from '../support/host-line.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DOC = join(ROOT, 'docs/alerts.md');
const TEXT = readFileSync(DOC, 'utf8');
const dir = mkdtempSync(join(tmpdir(), 'knockwatch-docs-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('docs/alerts.md', () => {
  it.each(docBlocks(DOC, 'yaml').map(({ text, line }) => [line, text] as const))(
    'the configuration in line %i is valid',
    (line, text) => {
      const file = join(dir, `block-${line}.yaml`);
      writeFileSync(file, text);
      const { config, problems } = loadConfig(file, {});
      expect(problems).toEqual([]);
      const files = { url: 'https://chat.example.net/T0', secret: 's', token: 't', password: 'p' };
      const readable = config!.channels.map((channel) => {
        // The files of secrets are not on this machine.
        const given = Object.entries(files).filter(([what]) => `${what}File` in channel);
        return Object.assign(
          { ...channel },
          ...given.map(([what, value]) => ({ [what]: value, [`${what}File`]: undefined })),
        );
      });
      expect(createChannels(channelOptions(readable))).toHaveLength(config!.channels.length);
    },
  );

  it('has every reason and every kind of channel there is', () => {
    const source = readFileSync(join(ROOT, 'src/types.ts'), 'utf8');
    const union = /type NotifyReason =([^;]*);/.exec(source)![1]!;
    const reasons = [...union.matchAll(/'([a-z-]+)'/g)].map((match) => match[1]!);
    expect(reasons.length).toBeGreaterThan(10);
    expect(reasons.filter((reason) => !TEXT.includes(`\`${reason}\``))).toEqual([]);
    for (const kind of ['email', 'webhook', 'exec', 'syslog', 'stdout'])
      expect(TEXT).toMatch(new RegExp(`^### ${kind}$`, 'm'));
  });

  it('shows lines as they are', () => {
    const options = { referenceMs: Date.UTC(2026, 10, 23), zone: 'UTC' };
    const [alert, trap] = docBlocks(DOC, '').map(({ text }) =>
      decode(text.replaceAll('\n', ' ').trim(), options),
    );
    expect(parse(alert!, { prefixes: [] })).toMatchObject({ kind: 'ignored', parser: 'own' });
    expect(attemptOf(parse(trap!, { prefixes: [] }))).toMatchObject({
      parser: 'trap',
      destination: { port: 143 },
    });
  });
});
