import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A certificate for localhost and 127.0.0.1 (and one for another name), made for these tests. */
export const localhostCert = pem('localhost.cert.pem');
export const localhostKey = pem('localhost.key.pem');
/** For localhost, until February 2020. */
export const expiredCert = pem('expired.cert.pem');
export const expiredKey = pem('expired.key.pem');
export const elsewhereCert = pem('elsewhere.cert.pem');
export const elsewhereKey = pem('elsewhere.key.pem');

/** One message as the server got it. */
export interface Caught {
  readonly from: string;
  readonly to: readonly string[];
  /** The DATA, dots unstuffed, octet for octet (latin1). */
  readonly data: string;
  readonly secure: boolean;
  readonly user: string | undefined;
  readonly ehlo: string;
}

export interface MailServer {
  readonly port: number;
  readonly caught: Caught[];
  close(): Promise<void>;
}

/** A real SMTP server on loopback that keeps what it gets. */
export async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const caught: Caught[] = [];
  const server = new SMTPServer({
    cert: localhostCert,
    key: localhostKey,
    authOptional: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    onAuth: ({ username, password }, _session, done) =>
      password === 'open sesame' ? done(null, { user: username ?? '' }) : done(new Error('wrong password')),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        caught.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          data: Buffer.concat(chunks).toString('latin1'),
          secure: session.secure,
          user: session.user as string | undefined,
          ehlo: session.hostNameAppearsAs,
        });
        done(null, 'queued');
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    caught,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** What a scripted server answers to a command: a reply, silence, or the end of the connection. */
export type Answer = string | 'hang' | 'drop';

/** A server that says what it is told to: by command word (`greeting`, EHLO, MAIL, RCPT, DATA, `dot` ...). */
export async function scriptedServer(
  script: Readonly<Record<string, Answer>>,
): Promise<MailServer & { readonly commands: string[] }> {
  const usual: Record<string, Answer> = {
    greeting: '220 mx ready',
    EHLO: '250 mx',
    MAIL: '250 ok',
    RCPT: '250 ok',
    DATA: '354 go on',
    dot: '250 queued',
    QUIT: '221 bye',
    ...script,
  };
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const answer = (word: string) => {
      const reply = usual[word] ?? '502 what';
      if (reply === 'drop') socket.destroy();
      else if (reply !== 'hang') socket.write(`${reply}\r\n`);
    };
    let inData = false;
    let rest = '';
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1');
      if (inData && usual.midData === 'drop') {
        socket.destroy();
        return;
      }
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (inData) {
          if (line !== '.') continue;
          inData = false;
          answer('dot');
          continue;
        }
        commands.push(line);
        const word = line.split(' ', 1)[0]?.toUpperCase() ?? '';
        inData = word === 'DATA' && usual.DATA?.startsWith('354') === true;
        answer(word);
      }
    });
    answer('greeting');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    caught: [],
    commands,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function pem(name: string): string {
  return readFileSync(new URL(`./tls/${name}`, import.meta.url), 'utf8');
}
