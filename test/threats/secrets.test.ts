import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';
import { eventually, freePort, listening, sendTcp, startDaemon } from '../support/daemon.ts';

const PASSWORD = 'correct-horse-battery-staple';
const TOKEN = 'page-token-of-this-test-0123456789';
const HOOK = {
  path: '/hooks/T0SECRET-of-the-hook',
  secret: 'signing-s3cret-of-this-test',
  token: 'bearer-of-this-test-42',
};
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** A mail server that refuses every log-in, and repeats in its refusal what it was given. */
async function parrot(): Promise<{ port: number; heard: () => string }> {
  let heard = '';
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write('220 parrot\r\n');
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      heard += text;
      const word = text.slice(0, 4).toUpperCase();
      if (word === 'EHLO') socket.write('250-parrot\r\n250 AUTH PLAIN LOGIN\r\n');
      else if (word === 'QUIT') socket.end('221 bye\r\n');
      else
        socket.write(
          `535 no: ${text.trim()} ${Buffer.from(text.split(' ').at(-1)!, 'base64').toString('latin1')}\r\n`,
        );
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, heard: () => heard };
}

/** A service that takes nothing, and repeats in its refusal what it was given. */
async function echo(): Promise<{ port: number; heard: () => string }> {
  let heard = '';
  const server = createHttpServer((request, response) => {
    const said = `${request.url} ${JSON.stringify(request.headers)}`;
    heard += said;
    response.writeHead(403).end(said);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  cleanUp.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, heard: () => heard };
}

/** Every file below a directory, as text. */
function filesIn(dir: string): string {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}

it('O12: no password or token is in any log, answer, mail or file of ours, in plain or in base64', {
  timeout: 60_000,
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-secrets-'));
  cleanUp.push(() => rmSync(dir, { recursive: true, force: true }));
  const [mail, hook] = [await parrot(), await echo()];
  const [port, web] = [await freePort(), await freePort()];
  const config = `
listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }]
correlation: { settle: 100ms, lateness: 0s }
web: { host: 127.0.0.1, port: ${web} }
channels:
  - { kind: email, via: "smtp://joe@127.0.0.1:${mail.port}", requireTls: false, to: [noc@example.net] }
  - { kind: webhook, name: chat }
log: { level: debug }
`;
  const secrets = {
    KNOCKWATCH_SMTP_PASSWORD: PASSWORD,
    KNOCKWATCH_WEB_TOKEN: TOKEN,
    KNOCKWATCH_CHAT_URL: `http://127.0.0.1:${hook.port}${HOOK.path}`,
    KNOCKWATCH_CHAT_SECRET: HOOK.secret,
    KNOCKWATCH_CHAT_TOKEN: HOOK.token,
  };
  const daemon = startDaemon(config, {}, secrets, dir);
  await listening(daemon);
  await sendTcp(
    port,
    [10, 11, 12].map(
      (host) =>
        `%SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.${host}(143), 1 packet`,
    ),
  );
  const encoded = Buffer.from(`\0joe\0${PASSWORD}`).toString('base64');
  await eventually(`a log-in; the daemon said:\n${daemon.log()}`, () => mail.heard().includes(encoded));
  await eventually('the refusal in the log', () => daemon.log().includes('535'));
  await eventually('a call of the hook', () => hook.heard().includes(HOOK.path));
  await eventually('its refusal in the log', () => daemon.log().includes('403'));
  const bearer = { headers: { authorization: `Bearer ${TOKEN}` } };
  const answers = await Promise.all(
    ['/', '/metrics', '/api/status', '/api/incidents', '/api/deliveries'].map(async (path) => {
      const answer = await fetch(`http://127.0.0.1:${web}${path}`, bearer);
      return `${[...answer.headers].join('\n')}\n${await answer.text()}`;
    }),
  );
  const configured = ['--config', join(dir, 'knockwatch.yaml')];
  for (const command of [['status'], ['status', '--json'], ['check'], ['explain', '198.51.100.7']]) {
    const { stdout, stderr } = await runForTest([...command, ...configured], secrets);
    answers.push(stdout, stderr);
  }
  await daemon.end('SIGTERM');
  const everything = [daemon.log(), ...answers, filesIn(dir)].join('\n');
  // The haystack is the right one: what belongs into it is there.
  expect(everything).toContain('198.51.100.7');
  expect(everything).toContain('joe');
  const forms = [PASSWORD, TOKEN, HOOK.path.slice(1), HOOK.secret, HOOK.token].flatMap((secret) => [
    secret,
    Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1),
  ]);
  for (const form of [...forms, encoded.replace(/=+$/, '')]) {
    const at = everything.indexOf(form);
    expect([form, at < 0 ? 'nowhere' : everything.slice(Math.max(0, at - 100), at + 60)]).toEqual([
      form,
      'nowhere',
    ]);
  }
});
