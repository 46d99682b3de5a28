import { createServer } from 'node:net';
import PostalMime from 'postal-mime';

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
    let work = Promise.resolve();
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1');
      work = work.then(answer);
    });
    const answer = async () => {
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
          mails.push(await mailOf(data.join('\r\n')));
          data = undefined;
          if (onStage('after-dot')) silent = true;
          say('250 queued');
        }
      }
    };
    say('220 mx');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { port: server.address().port, mails, close: () => server.close() };
}

/** A mail about one source, or (no source) a digest with those it tells of. */
async function mailOf(text) {
  const { messageId, subject = '', text: body = '' } = await PostalMime.parse(text);
  const source = /: ([0-9a-f.:]+) tried/.exec(subject)?.[1];
  return {
    messageId,
    source: /Digest/.test(subject) ? undefined : source,
    told: body.match(/2001:db8:2::[0-9a-f]+/g) ?? [],
    /** What a digest counts and does not list. */
    unlisted: Number(/^\s*and (\d+) more incidents?, all of them in the store/m.exec(body)?.[1] ?? 0),
  };
}
