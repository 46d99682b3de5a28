import { afterEach, describe, expect, it } from 'vitest';
import { reverseDns } from '../../src/evidence/reverse-dns.ts';
import { A, type DnsRecord, dnsName, dnsServer, endsIn, PTR } from './servers.ts';

const SOURCE = '198.51.100.7';
const SOURCE_A: DnsRecord = { type: A, data: Buffer.from([198, 51, 100, 7]) };
const OTHER_A: DnsRecord = { type: A, data: Buffer.from([203, 0, 113, 1]) };

let close: () => Promise<void>;
afterEach(() => close());

async function ask(
  answer: (name: string, type: number) => readonly DnsRecord[] | undefined,
  signal = endsIn(2_000),
) {
  const server = await dnsServer(answer);
  close = server.close;
  const found = await reverseDns({ servers: [server.address], timeoutMs: 300 }).lookUp(SOURCE, signal);
  return { found, asked: server.asked };
}

const ptr = (...labels: readonly (string | Buffer)[]): DnsRecord => ({ type: PTR, data: dnsName(...labels) });

describe('reverseDns()', () => {
  it('a name that leads back is confirmed', async () => {
    const { found, asked } = await ask((_name, type) =>
      type === PTR ? [ptr('host7', 'example', 'net')] : [OTHER_A, SOURCE_A],
    );
    expect(found).toEqual({
      text: 'host7.example.net (confirmed)',
      hostName: { name: 'host7.example.net', confirmed: true },
    });
    expect(asked).toEqual(['7.100.51.198.in-addr.arpa 12', 'host7.example.net 1']);
  });

  it.each([
    ['leads elsewhere', [OTHER_A]],
    ['does not exist', []],
  ])('a name that %s is only claimed', async (_what, records) => {
    const { found } = await ask((_name, type) => (type === PTR ? [ptr('www', 'example', 'org')] : records));
    expect(found).toEqual({
      text: 'www.example.org (claimed: the name does not lead back to the address)',
      hostName: { name: 'www.example.org', confirmed: false },
    });
  });

  it.each([
    ['spaces', ptr('evil host', 'example')],
    ['a line end and a header', ptr('x\r\nBcc: v@example.net', 'example')],
    ['NUL', ptr('a\0b', 'example')],
    ['an escape sequence', ptr('\x1b[2J', 'example')],
    ['markup', ptr('<script>', 'example')],
    ['no ASCII', ptr(Buffer.from([0xe2, 0x80, 0xae]), 'example')],
    ['the root only', ptr()],
  ])('a name with %s is not shown', async (_what, record) => {
    const { found } = await ask((_name, type) => (type === PTR ? [record] : [SOURCE_A]));
    // c-ares refuses some of them itself; then there is no answer at all.
    expect(found === undefined || found.text === 'the answer is no host name; it is not shown').toBe(true);
    expect(found?.hostName).toBeUndefined();
  });

  it('an endless list of names is not followed to its end', async () => {
    const names = Array.from({ length: 100 }, (_, i) => ptr(`n${i}`, 'example', 'net'));
    const { found, asked } = await ask((_name, type) => (type === PTR ? names.slice(0, 20) : [OTHER_A]));
    expect(found?.hostName?.name).toBe('n0.example.net');
    expect(asked).toHaveLength(5);
  });

  it('no name is nothing known', async () => {
    expect((await ask(() => [])).found).toBeUndefined();
  });

  it('a server that does not answer is a rejection, in time', async () => {
    const start = performance.now();
    await expect(ask(() => undefined)).rejects.toThrow();
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it('asks for IPv6 in the nibbles of ip6.arpa', async () => {
    const back: DnsRecord = { type: 28, data: Buffer.from('20010db8000000000000000000000007', 'hex') };
    const server = await dnsServer((_name, type) =>
      type === PTR ? [ptr('host7', 'example', 'net')] : [back],
    );
    close = server.close;
    const found = await reverseDns({ servers: [server.address] }).lookUp('2001:db8::7', endsIn(2_000));
    expect(found?.text).toBe('host7.example.net (confirmed)');
    expect(server.asked[0]).toBe(`7.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa 12`);
  });

  it('stops when told to', async () => {
    const start = performance.now();
    await expect(ask(() => undefined, endsIn(30))).rejects.toThrow();
    expect(performance.now() - start).toBeLessThan(250);
  });

  it('a packet of noise is no crash', async () => {
    await expect(
      ask((_name, type) => (type === PTR ? [{ type: PTR, data: Buffer.alloc(400, 0xff) }] : [])),
    ).rejects.toThrow();
  });
});
