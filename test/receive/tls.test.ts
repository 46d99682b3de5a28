import { X509Certificate } from 'node:crypto';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TlsReceiver, type TlsReceiverOptions } from '../../src/receive/tls.ts';
import { newCatch, tcpClient, until } from '../support/net-sockets.ts';

const PEMS = resolve(import.meta.dirname, '../support/tls');
const ours = { cert: join(PEMS, 'localhost.cert.pem'), key: join(PEMS, 'localhost.key.pem') };
const theirs = { cert: join(PEMS, 'elsewhere.cert.pem'), key: join(PEMS, 'elsewhere.key.pem') };
const fingerprintOf = (path: string) => new X509Certificate(readFileSync(path)).fingerprint256;

const cleanUp: (() => unknown)[] = [];
let dir: string;
let key: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'knockwatch-tls-'));
  key = join(dir, 'key.pem');
  copyFileSync(ours.key, key);
  chmodSync(key, 0o600);
});
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function receiverOf(options: Partial<TlsReceiverOptions> = {}) {
  const caught = newCatch();
  const all = { host: '127.0.0.1', port: 0, cert: ours.cert, key, ...options };
  return { caught, receiver: new TlsReceiver(all, caught.sink, caught.onEvent) };
}

async function listen(options: Partial<TlsReceiverOptions> = {}) {
  const { caught, receiver } = receiverOf(options);
  cleanUp.push(() => receiver.stop());
  await receiver.start();
  const { port } = receiver.address!;
  /** A TLS client, once its handshake has ended one way or the other. */
  const client = async (more: ConnectionOptions = {}) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...more });
    cleanUp.push(() => socket.destroy());
    await new Promise<void>((done) => {
      socket.on('error', () => done());
      socket.on('close', () => done());
      socket.on('secureConnect', () => done());
    });
    return socket;
  };
  const drops = (reason: string) => receiver.stats().drops.get(reason) ?? 0;
  return { caught, receiver, port, client, drops };
}

const asClient = (who: { cert: string; key: string }) => ({
  cert: readFileSync(who.cert),
  key: readFileSync(who.key),
});

describe('what can not work is refused before it listens', () => {
  it.each([
    [{ requireClientCert: true }, 'requireClientCert needs ca or clientFingerprints'],
    [{ clientFingerprints: ['AB:CD'] }, '"AB:CD" is no SHA-256 fingerprint'],
    [{ allowedSenders: ['fw1'] }, '"fw1" is not an address or network'],
  ])('%j', (options, message) => {
    expect(() => receiverOf(options)).toThrow(message);
  });

  it('files that are missing, are no PEM, or do not belong together', async () => {
    const junk = join(dir, 'junk.pem');
    writeFileSync(junk, 'junk', { mode: 0o600 });
    await expect(receiverOf({ cert: '/nowhere.pem' }).receiver.start()).rejects.toThrow(
      'cert /nowhere.pem can not be read',
    );
    await expect(receiverOf({ key: junk }).receiver.start()).rejects.toThrow('do not work');
    await expect(receiverOf({ key: theirs.key }).receiver.start()).rejects.toThrow('do not work');
    await expect(receiverOf({ ca: join(dir, 'missing') }).receiver.start()).rejects.toThrow('ca ');
  });

  it('a key that everybody can read is said', async () => {
    const open = join(dir, 'open.pem');
    copyFileSync(ours.key, open);
    chmodSync(open, 0o644);
    const { caught } = await listen({ key: open });
    expect(caught.events[0]!.message).toContain('everybody on this machine can read its key: chmod 640 it');
    expect((await listen()).caught.events).toEqual([]);
  });
});

describe('frames', () => {
  it('octet counting, with the peer they came from', async () => {
    const { caught, client, receiver } = await listen();
    const socket = await client();
    const { localPort } = socket;
    socket.write('7 <4>one!9 <4>th\nree');
    expect(await until(() => caught.frames.length === 2)).toBe(true);
    expect(caught.texts()).toEqual(['<4>one!', '<4>th\nree']);
    expect(caught.frames[0]).toMatchObject({
      transport: 'tls',
      peer: { address: '127.0.0.1', port: localPort },
    });
    expect(receiver.stats().drops).toEqual(new Map());
  });

  it('lines without counts are taken, counted and said once', async () => {
    const { caught, client, drops } = await listen();
    (await client()).write('<4>one\n<4>two\n');
    expect(await until(() => caught.frames.length === 2)).toBe(true);
    expect(drops('uncounted-frame')).toBe(2);
    expect(caught.events).toHaveLength(1);
    expect(caught.events[0]!.message).toContain('without octet counts, which RFC 5425 asks for');
  });

  it('a large frame over many records', async () => {
    const { caught, client } = await listen();
    const text = `<4>${'A'.repeat(60_000)}`;
    (await client()).end(`${text.length} ${text}`);
    expect(await until(() => caught.frames.length === 1)).toBe(true);
    expect(caught.frames[0]!.bytes).toHaveLength(text.length);
  });
});

describe('who may send', () => {
  it('F20: plain text on a TLS port is refused in clear words, and others go on', async () => {
    const { caught, client, port, drops } = await listen();
    for (const text of ['<4>Nov 23 03:00:00 fw1 plain text\n', 'GET / HTTP/1.0\r\n\r\n', '83 <4>x']) {
      const confused = await tcpClient(port);
      confused.write(text);
      expect(await until(() => confused.closedByPeer === true)).toBe(true);
    }
    expect(drops('no-tls')).toBe(3);
    expect(caught.events).toHaveLength(1);
    expect(caught.events[0]!.message).toContain('127.0.0.1 does not speak TLS to a TLS port');
    (await client()).write('7 <4>good');
    expect(await until(() => caught.frames.length === 1)).toBe(true);
  });

  it('F20: garbage and a hang-up in the handshake leave nothing behind', async () => {
    const { caught, client, port } = await listen();
    for (const bytes of ['160301', '16030100f1010000ed0303', '00'.repeat(500), 'ff'.repeat(70_000)]) {
      const socket = await tcpClient(port);
      socket.write(Buffer.from(bytes, 'hex'));
      await sleep(10);
      socket.destroy();
    }
    (await client()).write('7 <4>good');
    expect(await until(() => caught.frames.length === 1)).toBe(true);
  });

  it('F15: who never finishes the handshake keeps no seat', async () => {
    const { port, drops } = await listen({ handshakeTimeoutMs: 100 });
    const slow = await tcpClient(port);
    expect(await until(() => slow.closedByPeer === true)).toBe(true);
    expect(drops('tls-handshake-timeout')).toBe(1);
  });

  it('with `ca`: its certificate is let in, none and a stranger’s are refused with the reason', async () => {
    const { caught, client, drops } = await listen({ ca: theirs.cert });
    (await client(asClient(theirs))).write('7 <4>good');
    expect(await until(() => caught.frames.length === 1)).toBe(true);
    for (const credentials of [{}, asClient(ours)]) {
      const refused = await client(credentials);
      refused.write('6 <4>bad');
      expect(await until(() => refused.closed)).toBe(true);
    }
    expect(drops('client-certificate')).toBe(2);
    expect(caught.texts()).toEqual(['<4>good']);
    expect(caught.events[0]!.message).toContain('127.0.0.1 showed no certificate');
  });

  it('with `clientFingerprints`: these certificates only, however they are written', async () => {
    const { caught, client, drops } = await listen({
      clientFingerprints: [`sha256:${fingerprintOf(theirs.cert).toLowerCase()}`],
    });
    (await client(asClient(theirs))).write('7 <4>good');
    expect(await until(() => caught.frames.length === 1)).toBe(true);
    const refused = await client(asClient(ours));
    expect(await until(() => refused.closed)).toBe(true);
    expect(drops('client-certificate')).toBe(1);
    expect(caught.events[0]!.message).toContain(fingerprintOf(ours.cert));
  });

  it('with both, both must hold', async () => {
    const { client, caught } = await listen({
      ca: theirs.cert,
      clientFingerprints: [fingerprintOf(ours.cert)],
    });
    for (const who of [ours, theirs]) {
      const refused = await client(asClient(who));
      expect(await until(() => refused.closed)).toBe(true);
    }
    expect(caught.frames).toEqual([]);
  });

  it('`ca` with requireClientCert off asks for nothing', async () => {
    const { client, caught } = await listen({ ca: theirs.cert, requireClientCert: false });
    (await client()).write('7 <4>good');
    expect(await until(() => caught.frames.length === 1)).toBe(true);
  });

  it('strangers by address are turned away before any handshake', async () => {
    const { client, drops } = await listen({ allowedSenders: ['192.0.2.0/24'] });
    const refused = await client();
    expect(await until(() => refused.closed)).toBe(true);
    expect(drops('sender-not-allowed')).toBe(1);
    expect(drops('tls-handshake-failed')).toBe(0);
  });

  it('TLS 1.1 is too old', async () => {
    const { client, drops } = await listen();
    const old = await client({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    expect(await until(() => old.closed)).toBe(true);
    expect(await until(() => drops('tls-handshake-failed') + drops('no-tls') > 0)).toBe(true);
  });
});

describe('stop()', () => {
  it('reads what is under way, ends those in the middle of a handshake, and allows another start()', async () => {
    const { caught, client, receiver, port } = await listen();
    const socket = await client();
    const silent = await tcpClient(port);
    socket.write('7 <4>last');
    await sleep(20);
    const before = performance.now();
    await receiver.stop();
    expect(performance.now() - before).toBeLessThan(2_500);
    expect(caught.texts()).toEqual(['<4>last']);
    expect(await until(() => silent.closedByPeer === true)).toBe(true);
    await receiver.start();
  });
});
