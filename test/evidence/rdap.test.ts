import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { rdap } from '../../src/evidence/rdap.ts';
import { endsIn } from './servers.ts';

const SOURCE = '198.51.100.7';
const entity = (roles: string[], mail: string, more: object = {}) => ({
  roles,
  vcardArray: [
    'vcard',
    [
      ['version', {}, 'text', '4.0'],
      ['fn', {}, 'text', `Name of ${mail}`],
      ['email', {}, 'text', mail],
    ],
  ],
  ...more,
});
const NETWORK = {
  objectClassName: 'ip network',
  handle: 'NET-TEST',
  name: 'TEST-NET-2',
  country: 'ZZ',
  startAddress: '198.51.100.0',
  endAddress: '198.51.100.255',
  entities: [
    entity(['registrant'], 'holder@isp.example', {
      entities: [entity(['abuse'], 'Abuse@isp.example'), entity(['noc'], 'noc@isp.example')],
    }),
  ],
};

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function registry(handle: (response: ServerResponse, url: string) => void) {
  const urls: string[] = [];
  server = createServer((request, response) => {
    urls.push(request.url ?? '');
    handle(response, request.url ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { urls, base, lookup: rdap({ baseUrl: `${base}/registry/`, allowedHosts: [] }) };
}

const json = (value: unknown) => (response: ServerResponse) => {
  response.end(JSON.stringify(value));
};

describe('rdap()', () => {
  it('shows network and holder and finds the abuse contact inside', async () => {
    const { lookup, urls } = await registry(json(NETWORK));
    expect(await lookup.lookUp(SOURCE, endsIn(2_000))).toEqual({
      text: [
        'Network:   198.51.100.0 - 198.51.100.255 TEST-NET-2 NET-TEST',
        'Country:   ZZ',
        'Holder:    Name of holder@isp.example',
        'Abuse:     abuse@isp.example',
      ].join('\n'),
      abuse: ['abuse@isp.example'],
    });
    expect(urls).toEqual([`/registry/ip/${SOURCE}`]);
  });

  it('follows a redirect to a registry, with the same scheme only', async () => {
    const { lookup } = await registry((response, url) => {
      if (url.startsWith('/registry')) response.writeHead(301, { location: '/other' }).end();
      else json(NETWORK)(response);
    });
    expect((await lookup.lookUp(SOURCE, endsIn(2_000)))?.abuse).toEqual(['abuse@isp.example']);
  });

  it.each([
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    'https://evil.example/',
    'gopher://127.0.0.1/',
    '',
  ])('does not follow a redirect to %j', async (location) => {
    const { lookup, urls } = await registry((response) => {
      response.writeHead(302, { location }).end();
    });
    await expect(lookup.lookUp(SOURCE, endsIn(2_000))).rejects.toThrow(
      /which is no registry|redirected too often/,
    );
    expect(urls.length).toBeLessThanOrEqual(4);
  });

  it('nothing known is no fault, a refusal is one', async () => {
    const { lookup } = await registry((response) => {
      response.writeHead(404).end('{}');
    });
    expect(await lookup.lookUp(SOURCE, endsIn(2_000))).toBeUndefined();
    server.close();
    const refusing = await registry((response) => {
      response.writeHead(429).end();
    });
    await expect(refusing.lookup.lookUp(SOURCE, endsIn(2_000))).rejects.toThrow('the registry answered 429');
  });

  it.each([
    ['no JSON', '<html>'],
    ['a list', '[]'],
    ['null', 'null'],
    ['nesting without end', '['.repeat(200_000)],
    ['more than anybody reads', JSON.stringify({ name: 'x'.repeat(600_000) })],
  ])('%s is a rejection', async (_what, body) => {
    const { lookup } = await registry((response) => response.end(body));
    await expect(lookup.lookUp(SOURCE, endsIn(3_000))).rejects.toThrow();
  });

  it('fields of the wrong kind are left out, the rest is used', async () => {
    const { lookup } = await registry(
      json({
        ...NETWORK,
        name: 7,
        handle: null,
        entities: [
          7,
          null,
          { roles: 'abuse' },
          { roles: ['abuse'], vcardArray: 'x' },
          {
            roles: ['abuse'],
            vcardArray: ['vcard', [['email', {}, 'text', 'x@y.example\r\nBcc: z@y.example']]],
          },
          { roles: ['abuse'], vcardArray: ['vcard', [['email', {}, 'text', ['x@y.example']]]] },
          entity(['registrant'], 'a\x1b[2J\nb'),
          entity(['abuse'], 'abuse@isp.example'),
        ],
      }),
    );
    const found = await lookup.lookUp(SOURCE, endsIn(2_000));
    expect(found?.abuse).toEqual(['abuse@isp.example']);
    expect(found?.text).toContain('Holder:    Name of a\\x1b[2J\\x0ab');
  });

  it('thousands of entities within entities cost little', async () => {
    let deep: object = entity(['abuse'], 'deep@isp.example');
    for (let i = 0; i < 50; i++) deep = { roles: [], entities: [deep] };
    const many = Array.from({ length: 3_000 }, (_, i) => entity(['abuse'], `a${i}@isp.example`));
    const { lookup } = await registry(json({ ...NETWORK, entities: [deep, ...many] }));
    expect((await lookup.lookUp(SOURCE, endsIn(2_000)))?.abuse).toHaveLength(5);
  });

  it('stops when told to, also in the middle of an answer', async () => {
    const { lookup } = await registry((response) => response.write('{"name": "'));
    const start = performance.now();
    await expect(lookup.lookUp(SOURCE, endsIn(100))).rejects.toThrow();
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
