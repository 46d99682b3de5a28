import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type Daemon, eventually, freePort, listening, startDaemon } from '../support/daemon.ts';

let daemon: Daemon;
afterEach(() => daemon?.stop());

const knock = (port: number) =>
  new Promise<void>((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => done());
  });

it('one connection to a trap is a mail where the rule asks for one', async () => {
  const [port, trap] = [await freePort(), await freePort()];
  const config = `
listeners: [{ protocol: tcp, host: 127.0.0.1, port: ${port} }]
traps: [{ host: 127.0.0.1, ports: [${trap}] }]
correlation: { lateness: 100ms, settle: 500ms }
web: { enabled: false }
rules: rules.yaml
`;
  const rules = `
rules:
  - id: trapped
    watch: { hosts: 127.0.0.1, ports: ${trap} }
    detect: { any: {} }
    severity: high
`;
  daemon = startDaemon(config, { 'rules.yaml': rules });
  await listening(daemon);
  await knock(trap);
  const [mail] = await eventually('a mail', () => daemon.mails().length > 0 && daemon.mails());
  expect(mail).toContain('knockwatch-trap');
  expect(mail).toContain('rule trapped');
});
