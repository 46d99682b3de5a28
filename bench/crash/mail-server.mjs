import { createServer } from 'node:net';

/**
 * An SMTP server on loopback that keeps what it gets. `onStage(stage)` is asked in the middle of a message (`mid-smtp`) and after
 * its final dot, before the answer (`after-dot`); when it says true, the server says no more in that session.
 */
export async function mailServer(onStage) {
  const mails = [];
  const server = createServer((socket) => {
    let rest = '';
    let data;
    let silent = false;
    const say = (reply) => silent || socket.write(`${reply}\r\n`);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1');
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (data === undefined) {
          const word = line.split(' ', 1)[0].toUpperCase();
          if (word === 'DATA') data = [];
          say({ DATA: '354 go on', QUIT: '221 bye' }[word] ?? '250 ok');
        } else if (line !== '.') {
          data.push(line);
          if (data.length === 5 && onStage('mid-smtp')) silent = true;
        } else {
          mails.push(mailOf(data.join('\r\n')));
          data = undefined;
          if (onStage('after-dot')) silent = true;
          say('250 queued');
        }
      }
    });
    say('220 mx');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { port: server.address().port, mails, close: () => server.close() };
}

function mailOf(text) {
  const head = text.slice(0, text.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
  const field = (name) => new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1];
  return {
    messageId: field('Message-ID'),
    subject: field('Subject') ?? '',
    source: /: ([0-9a-f:]+) tried/.exec(field('Subject') ?? '')?.[1],
  };
}
