// The floor for receiving: counts datagrams and does nothing else. Arguments: `dgram` or `syslog-server`, and the receive
// buffer in octets (dgram only). Says its port, and on SIGTERM how many came.
import { createSocket } from 'node:dgram';
import { subscribe } from 'node:diagnostics_channel';
import SyslogServer from 'syslog-server';

const [kind, buffer] = process.argv.slice(2);
let count = 0;
// The package does not say where its socket is.
subscribe('udp.socket', ({ socket }) => socket.on('listening', () => console.log(socket.address().port)));
if (kind === 'dgram') {
  createSocket({ type: 'udp4', recvBufferSize: Number(buffer) })
    .on('message', () => count++)
    .bind(0, '127.0.0.1');
} else {
  const server = new SyslogServer();
  server.on('message', () => count++);
  await server.start({ port: 0, address: '127.0.0.1', exclusive: true });
}
process.on('SIGTERM', () => {
  console.log(count);
  process.exit(0);
});
