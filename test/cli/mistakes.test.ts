import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';
import { freePort } from '../support/daemon.ts';

/*
 * What people get wrong on the command line, and what they are told: what is wrong, and what to do.
 */
const dir = mkdtempSync(join(tmpdir(), 'knockwatch-mistakes-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const gone = join(dir, 'gone.log');

describe('a mistake on the command line', () => {
  it.each([
    ['a verb with a typo', ['stauts'], 2, 'Did you mean status?'],
    ['no file', ['replay'], 2, '(knockwatch replay --help shows how it is used)'],
    ['an option that is not there', ['status', '--jsno'], 2, 'Did you mean --json?'],
    ['no file for a verb of a verb', ['import', 'swatch'], 2, '(knockwatch import swatch --help shows'],
    ['a log that is not there', ['replay', gone], 2, `${gone}: there is no such file`],
    ['the same for parse', ['parse', gone], 2, `${gone}: there is no such file`],
    ['the same for verify', ['verify', gone], 2, `${gone}: there is no such file`],
    ['a line of a log that is not there', ['explain', `${gone}:3`], 2, `${gone}: there is no such file`],
    ['a directory for a log', ['replay', dir], 2, 'is a directory: name the files in it'],
    ['a device nobody knows', ['router', '--for', 'ciscoios'], 2, 'Allowed choices are cisco-ios'],
    [
      'half an address',
      ['router', '--for', 'pf', '--collector', '192.0.2'],
      2,
      'write an address: 192.0.2.5',
    ],
    ['a time in words', ['incidents', '--since', 'yesterday'], 2, 'or how long ago: 12h, 2d'],
  ])('%s', async (_, args, code, told) => {
    const { exitCode, stderr } = await runForTest(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.stringContaining(told) });
  });

  it('a rule that notifies a channel there is not: check and run say so, replay needs none', async () => {
    const config = join(dir, 'channels.yaml');
    const rules = join(dir, 'channels-rules.yaml');
    writeFileSync(config, `stateDir: ${join(dir, 'var')}\nlisteners: []\nweb: { enabled: false }\n`);
    writeFileSync(
      rules,
      'rules:\n  - id: a\n    watch: { hosts: any, ports: [imap] }\n    detect: { any: {} }\n    notify: [mial]\n',
    );
    const run = (...args: string[]) => runForTest([...args, '--config', config, '--rules', rules]);
    for (const verb of ['check', 'run', 'self-test']) {
      const { exitCode, stderr } = await run(verb);
      expect({ verb, exitCode, stderr }).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining(
          `${rules}:5:14: error: no channel is called \`mial\` - did you mean \`mail\`?`,
        ),
      });
    }
    writeFileSync(join(dir, 'empty.log'), '');
    expect(await run('replay', join(dir, 'empty.log'))).toMatchObject({ exitCode: 0 });
  });

  it('status where nothing runs says how to start it', async () => {
    const port = await freePort();
    const config = join(dir, 'knockwatch.yaml');
    writeFileSync(config, `web: { port: ${port} }\n`);
    const { exitCode, stderr } = await runForTest(['--config', config, 'status']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`no daemon answers at 127.0.0.1:${port}: nobody listens there`);
    expect(stderr).toContain('`knockwatch run` starts one');
  });

  it.each([['-V'], ['--version'], ['version']])('%s prints the version', async (option) => {
    const { exitCode, stdout } = await runForTest([option]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^knockwatch \d+\.\d+\.\d+\n$/);
  });

  it('a line that ends like a place in a file is a line all the same', async () => {
    const { exitCode, stdout } = await runForTest(['explain', 'Nov 23 10:00:00 gw1 up since 10:20']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('no parser knows this format');
  });
});
