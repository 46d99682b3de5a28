import { afterEach, describe, expect, it } from 'vitest';
import { finger } from '../../src/evidence/finger.ts';
import { dialPublic } from '../../src/evidence/tcp-query.ts';
import { whois } from '../../src/evidence/whois.ts';
import { endsIn, tcpServer } from './servers.ts';

const SOURCE = '198.51.100.7';

let server: Awaited<ReturnType<typeof tcpServer>>;
afterEach(() => server?.close());

/** Answers each host with its text; hosts without one close at once. */
async function registry(answers: Record<string, string>) {
  const questions: string[] = [];
  server = await tcpServer((socket, host) => {
    socket.once('data', (question) => {
      questions.push(`${host} ${question}`);
      socket.end(answers[host] ?? '');
    });
  });
  return { questions, lookup: whois({ server: 'whois.example', dial: server.dial }) };
}

describe('whois()', () => {
  it('follows the referral to the registry and finds the abuse contact', async () => {
    const { lookup, questions } = await registry({
      'whois.example':
        '% IANA\nrefer:        whois.registry.example\n\ninetnum: 198.0.0.0 - 198.255.255.255\n',
      'whois.registry.example':
        "% Abuse contact for '198.51.100.0 - 198.51.100.255' is 'abuse@isp.example'\n\ninetnum: 198.51.100.0\nnetname: TEST\nabuse-mailbox: Abuse@ISP.example\n",
    });
    expect(await lookup.lookUp(SOURCE, endsIn(2_000))).toEqual({
      text: 'whois.registry.example says:\ninetnum: 198.51.100.0\nnetname: TEST\nabuse-mailbox: Abuse@ISP.example',
      abuse: ['abuse@isp.example'],
    });
    expect(questions).toEqual([`whois.example ${SOURCE}\r\n`, `whois.registry.example ${SOURCE}\r\n`]);
    expect(server.dialled).toEqual(['whois.example:43', 'whois.registry.example:43']);
  });

  it('asks ARIN in its own way', async () => {
    const { lookup, questions } = await registry({
      'whois.example': 'refer: whois.arin.net\n',
      'whois.arin.net': 'NetName: TEST\nOrgAbuseEmail:  abuse@isp.example\n',
    });
    expect(await lookup.lookUp(SOURCE, endsIn(2_000))).toMatchObject({ abuse: ['abuse@isp.example'] });
    expect(questions[1]).toBe(`whois.arin.net n + ${SOURCE}\r\n`);
  });

  it.each([
    'refer: whois.example',
    'refer: localhost',
    'refer: 127.0.0.1',
    'ReferralServer: whois://192.0.2.7',
    'refer: whois.registry.example:8080',
    'refer: -oProxyCommand=x.example',
    'refer: a b.example',
    'refer: http://registry.example/',
  ])('does not follow %j', async (line) => {
    const { lookup } = await registry({ 'whois.example': `${line}\nnetname: TEST\n` });
    expect((await lookup.lookUp(SOURCE, endsIn(2_000)))?.text).toContain('netname: TEST');
    expect(server.dialled).toEqual(['whois.example:43']);
  });

  it('does not go round in circles', async () => {
    const { lookup } = await registry({
      'whois.example': 'refer: whois.a.example\n',
      'whois.a.example': 'refer: whois.b.example\n',
      'whois.b.example': 'refer: whois.c.example\n',
      'whois.c.example': 'refer: whois.d.example\n',
    });
    await lookup.lookUp(SOURCE, endsIn(2_000));
    expect(server.dialled).toHaveLength(4);
  });

  it('keeps what it has when the registry does not answer', async () => {
    const { lookup } = await registry({ 'whois.example': 'refer: whois.silent.example\nnetname: TEST\n' });
    expect((await lookup.lookUp(SOURCE, endsIn(2_000)))?.text).toContain('netname: TEST');
  });

  it('says who answered, not who was only named and asked', async () => {
    const { lookup } = await registry({
      'whois.example': 'refer: whois.away.example\nnetname: TEST\n',
    });
    expect((await lookup.lookUp(SOURCE, endsIn(2_000)))?.text).toMatch(/^whois\.example says:\n/);
    expect(server.dialled).toEqual(['whois.example:43', 'whois.away.example:43']);
  });

  it('text meant for somebody else stays text', async () => {
    const { lookup } = await registry({
      'whois.example':
        'a\n~!touch x\n\x1b]0;pwn\x07\n\u0024{jndi:ldap://x}\nabuse-mailbox: x@y.example\rBcc:z\n',
    });
    const found = await lookup.lookUp(SOURCE, endsIn(2_000));
    expect(found?.text).toContain('\n~!touch x\n\\x1b]0;pwn\\x07\n\u0024{jndi:ldap://x}');
    expect(found?.abuse).toEqual(['x@y.example']);
  });

  it('10 MB are read only as far as they are used', async () => {
    let sent = 0;
    server = await tcpServer((socket) => {
      const block = Buffer.from('x: y\n'.repeat(20_000));
      const more = () => {
        while (sent < 10_000_000 && !socket.destroyed) {
          sent += block.length;
          if (!socket.write(block)) {
            socket.once('drain', more);
            return;
          }
        }
        socket.end();
      };
      more();
    });
    const found = await whois({ dial: server.dial }).lookUp(SOURCE, endsIn(5_000));
    expect(found!.text.length).toBeLessThan(9_000);
    expect(found!.text).toMatch(/\(\d+ more lines left out\)$/);
    expect(sent).toBeLessThan(10_000_000);
  });

  it('an answer that never ends is taken as far as it came', async () => {
    server = await tcpServer((socket) => {
      const timer = setInterval(() => socket.write('drip\n'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    const start = performance.now();
    const found = await whois({ dial: server.dial }).lookUp(SOURCE, endsIn(100));
    expect(found?.text).toContain('drip');
    expect(performance.now() - start).toBeLessThan(1_000);
    await expect.poll(() => server.connections.size).toBe(0);
  });

  it('a server that says nothing is a rejection, in time, and leaves no connection', async () => {
    server = await tcpServer((socket) => socket.resume());
    await expect(whois({ dial: server.dial }).lookUp(SOURCE, endsIn(50))).rejects.toThrow(
      'no answer in time',
    );
    await expect.poll(() => server.connections.size).toBe(0);
  });

  it('an empty answer is a rejection, remarks only are nothing known', async () => {
    const { lookup } = await registry({ 'whois.example': '' });
    await expect(lookup.lookUp(SOURCE, endsIn(1_000))).rejects.toThrow('closed without an answer');
    await server.close();
    const remarks = await registry({ 'whois.example': '% nothing here\n# really\n' });
    expect(await remarks.lookup.lookUp(SOURCE, endsIn(1_000))).toBeUndefined();
  });
});

describe('dialPublic()', () => {
  it.each(['localhost', 'ip6-localhost', '127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '127.1'])(
    'does not connect to %s',
    async (host) => {
      const socket = dialPublic(host, 9);
      const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
      socket.destroy();
      expect(error.message).toMatch(/no public address|ENOTFOUND|EAI_AGAIN/);
    },
  );
});

describe('finger()', () => {
  it('asks who is there with an empty line and cleans the answer', async () => {
    let question = '';
    server = await tcpServer((socket) => {
      socket.once('data', (data) => {
        question = data.toString();
        socket.end('Login  Name\r\nroot   \x1b[31mCharlie &\x00\r\n');
      });
    });
    const found = await finger({ dial: server.dial }).lookUp(SOURCE, endsIn(1_000));
    expect(question).toBe('\r\n');
    expect(server.dialled).toEqual([`${SOURCE}:79`]);
    expect(found).toEqual({ text: 'Login  Name\nroot   \\x1b[31mCharlie &\\x00' });
  });

  it('reads a bounded answer of a host that sends without end', async () => {
    server = await tcpServer((socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write('A'.repeat(65_536))) {}
      };
      socket.on('drain', more);
      more();
    });
    const found = await finger({ dial: server.dial }).lookUp(SOURCE, endsIn(2_000));
    expect(found!.text.length).toBeLessThanOrEqual(200);
  });
});
