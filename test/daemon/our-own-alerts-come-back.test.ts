import { afterEach, describe, expect, it } from 'vitest';
import { type Daemon, eventually, freePort, listening, sendUdp, startDaemon } from '../support/daemon.ts';

let daemon: Daemon;
afterEach(() => daemon?.stop());

const deny = (host: string) =>
  `<190>45: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> ${host}(143), 1 packet`;

describe('S15: a forwarding loop', () => {
  it.each(['udp', 'tcp'])(
    'our own alert over %s, sent to ourselves, is one alert and not a second',
    async (protocol) => {
      const port = await freePort();
      daemon = startDaemon(`
listeners:
  - { protocol: udp, host: 127.0.0.1, port: ${port} }
  - { protocol: tcp, host: 127.0.0.1, port: ${port} }
correlation: { lateness: 100ms, settle: 500ms }
web: { enabled: false }
channels:
  - { kind: syslog, protocol: ${protocol}, host: 127.0.0.1, port: ${port} }
  - { kind: stdout }
`);
      await listening(daemon);
      await sendUdp(port, ['192.0.2.10', '192.0.2.11', '192.0.2.12'].map(deny));
      const alerts = () => daemon.log().match(/"kind":"alert"/g)?.length ?? 0;
      await eventually('the alert', () => alerts() > 0);
      // The loop would go round in milliseconds; an incident of its own would settle within half a second.
      await new Promise((done) => setTimeout(done, 2_000));
      expect(alerts()).toBe(1);
    },
  );
});
