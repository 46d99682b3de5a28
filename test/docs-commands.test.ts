import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { eventually, freePort } from './support/daemon.ts';
import { type DocBlock, docBlocks } from './support/docs-commands.ts';

/*
 * Every `sh` block of the README and of docs/ is run, as it stands, in a copy of what a clone holds, with a daemon
 * listening as the documents assume. What can not be run here is replaced, and says why.
 */
const ROOT = resolve(import.meta.dirname, '..');
const MAIN = join(ROOT, 'dist/main.js');
const DOCUMENTS = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** A line (or a part of it) that is not run as it stands, what is run instead, and why. */
const INSTEAD: readonly (readonly [pattern: RegExp, instead: string, because: string])[] = [
  [/^npm run man$/, ':', 'it writes into the clone; test/man-page.test.ts says whether it has to'],
  [/^npm ci.*/, ':', 'test/daemon/newcomer.test.ts does it, in a clone of its own'],
  [/^npm install --global .*/, ':', 'it changes the machine it runs on'],
  [/^git clone .*/, ':', 'test/daemon/newcomer.test.ts does it'],
  [
    /^(iptables|ip6tables|iptables-restore)\b.*/,
    ':',
    'it takes root; test/router and test/daemon/real-scan.test.ts do it in a namespace',
  ],
  [/^nft .*/, ':', 'it takes root; test/router and test/daemon/real-scan.test.ts do it in a namespace'],
  [/^pfctl .*/, 'grep -q "^block drop in log quick" knockwatch.pf', 'there is no pf here'],
  [
    /^OPNSENSE=\S+ OPNSENSE_AUTH=\S+ sh opnsense\.sh/,
    'sh -n opnsense.sh',
    'there is no OPNsense here; test/router/opnsense.test.ts runs it',
  ],
  [
    /^(sudo|systemctl|useradd|adduser|install|journalctl|valkey-server|valkey-cli|redis-server|redis-cli|nginx|ssh|openssl) .*/,
    ':',
    'it belongs to a machine of its own',
  ],
  [/^KNOCKWATCH_OUTAGE_SECONDS=.*/, ':', 'it is a test by itself'],
  [/^docker .*/, ':', 'there may be no Docker here; compose.yaml is read below'],
  [/^knockwatch run( .*)?$/, ':', 'the daemon runs already, see below'],
  [/ -P 5514 /, ' -P "$PORT" ', 'the port may be taken on this machine'],
  [/^sleep \d+; /, 'sleep 4; ', 'the daemon is configured to settle faster'],
  [/(?<= )\/var\/log\/router\.log(\.1|\*)?/g, 'router.log$1', 'there is no such log here'],
];

function runnable(block: DocBlock): string {
  return block.text
    .split('\n')
    .map((line) => INSTEAD.reduce((text, [pattern, instead]) => text.replace(pattern, instead), line))
    .join('\n');
}

const LOG = readFileSync(
  join(ROOT, 'fixtures/scenarios/same-port-on-three-hosts-alerts-once/input.log'),
  'utf8',
);

const WITH_COMMANDS = DOCUMENTS.filter((document) => docBlocks(join(ROOT, document), 'sh').length > 0);

describe.each(WITH_COMMANDS)('the commands of %s', (document) => {
  const blocks = docBlocks(join(ROOT, document), 'sh');
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-docs-'));
  let daemon: ChildProcess | undefined;
  let port: number;

  const env = () => ({
    PATH: `${join(dir, 'bin')}:${process.env['PATH']}`,
    HOME: dir,
    PORT: String(port),
    KNOCKWATCH_CONFIG: join(dir, 'test.yaml'),
    NO_COLOR: '1',
  });

  beforeAll(async () => {
    for (const name of ['rules', 'fixtures', 'knockwatch.example.yaml', 'README.md', 'docs', 'contrib'])
      if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(dir, name), { recursive: true });
    mkdirSync(join(dir, 'bin'));
    writeFileSync(join(dir, 'bin/knockwatch'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`, {
      mode: 0o755,
    });
    writeFileSync(join(dir, 'router.log'), LOG);
    writeFileSync(join(dir, 'router.log.1'), LOG);
    const [office] = docBlocks(join(ROOT, 'README.md'), 'yaml').filter(({ text }) =>
      text.includes('office-probe'),
    );
    writeFileSync(join(dir, 'rules/office.yaml'), office!.text);
    port = await freePort();
    writeFileSync(
      join(dir, 'test.yaml'),
      `listeners: [{ protocol: udp, host: 127.0.0.1, port: ${port} }, { protocol: tcp, host: 127.0.0.1, port: ${port} }]
correlation: { lateness: 100ms, settle: 1s }
web: { port: 0 }
`,
    );
    daemon = spawn(process.execPath, [MAIN, 'run'], {
      cwd: dir,
      env: env(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    daemon.stderr!.on('data', (chunk) => {
      log += chunk;
    });
    await eventually(`the daemon: ${log}`, () => log.includes('listening on tcp'));
  });

  afterAll(async () => {
    if (daemon !== undefined) {
      daemon.kill('SIGTERM');
      await new Promise((done) => daemon!.once('exit', done));
    }
    rmSync(dir, { recursive: true, force: true });
  });

  it.each(blocks.map((block) => [`${document}:${block.line}`, block] as const))(
    '%s',
    { timeout: 60_000 },
    async (_, block) => {
      const script = runnable(block);
      const { status, output } = await bash(script);
      expect(status, `${script}\n${output}`).toBe(0);
      appendFileSync(join(dir, 'transcript'), output);
    },
  );

  if (document === 'README.md')
    it('have brought about the mails they promise', () => {
      const transcript = readFileSync(join(dir, 'transcript'), 'utf8');
      expect(transcript).toContain('198.51.100.7 tried imap on 3 watched hosts');
      expect(transcript).toContain('The mail is there: ');
      expect(transcript).toMatch(/\d would have been sent/);
    });

  function bash(script: string): Promise<{ status: number | null; output: string }> {
    return new Promise((done) => {
      const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: dir,
        env: env(),
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 50_000,
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => {
          output += chunk;
        });
      child.once('close', (status) => done({ status, output }));
    });
  }
});

describe('what the commands stand on', () => {
  it('every replacement is still needed', () => {
    const text = DOCUMENTS.flatMap((document) => docBlocks(join(ROOT, document), 'sh')).flatMap((block) =>
      block.text.split('\n'),
    );
    for (const [pattern, , because] of INSTEAD.filter(([pattern]) => !/sudo|git clone/.test(pattern.source)))
      expect(
        text.some((line) => line.search(pattern) >= 0),
        `${pattern}: ${because}`,
      ).toBe(true);
  });

  it('compose.yaml builds this program and sends its mails to a sink', () => {
    const { services } = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'));
    expect(services.knockwatch).toMatchObject({
      build: '.',
      environment: { KNOCKWATCH_SMTP_URL: 'smtp://mail:1025' },
    });
    expect(Object.keys(services)).toContain('mail');
    const exposed = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
      .match(/^EXPOSE (.*)$/m)![1]!
      .split(' ');
    for (const mapping of services.knockwatch.ports) expect(exposed).toContain(mapping.split(':')[1]);
    const valid = spawnSync('docker', ['compose', 'config', '--quiet'], { cwd: ROOT, encoding: 'utf8' });
    if (valid.status !== 0)
      console.log('skipped: compose.yaml was not read by Docker itself, there is none here');
  });

  it('no local link in the README and docs leads nowhere', () => {
    for (const document of DOCUMENTS)
      for (const [, target] of readFileSync(join(ROOT, document), 'utf8').matchAll(
        /\]\((?!https?:|#)([^)#]+)/g,
      ))
        expect(existsSync(join(ROOT, document, '..', target!)), `${document}: ${target}`).toBe(true);
  });
});
