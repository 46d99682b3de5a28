import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { geo } from '../../src/evidence/geo.ts';
import { control, encode, mmdb, pointer } from './mmdb-file.ts';
import { endsIn } from './servers.ts';

const SOURCE = '198.51.100.7';
const CITY = { city: { names: { en: 'Testville' } }, country: { iso_code: 'ZZ', names: { en: 'Zedland' } } };
const ASN = { autonomous_system_number: 64500, autonomous_system_organization: 'Example Networks' };

let root: string;
let faults: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kw-geo-'));
  faults = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(name: string, content: Buffer): string {
  const path = join(root, name);
  writeFileSync(path, content);
  return path;
}

const open = (...files: string[]) =>
  geo({ files, onFault: (because) => faults.push(because.replace(root, '')) });
const ask = (lookup: ReturnType<typeof open>, ip = SOURCE) => lookup.lookUp(ip, endsIn(1_000));

describe('geo()', () => {
  it('joins what several files say', async () => {
    const lookup = open(file('city.mmdb', mmdb(encode(CITY))), file('asn.mmdb', mmdb(encode(ASN))));
    expect(await ask(lookup)).toEqual({ text: 'Testville, Zedland, AS64500 Example Networks' });
    expect(faults).toEqual([]);
  });

  it.each([
    [{ country_code: 'ZZ' }, 'ZZ'],
    [{ country: { iso_code: 'ZZ' }, asn: 'AS64501', as_name: 'Other' }, 'ZZ, AS64501 Other'],
    [{ country: { names: { en: 'a\x1b[2J\r\nBcc: <script>' } } }, 'a\\x1b[2J Bcc: <script>'],
    [{ country: { names: { en: 'x'.repeat(5_000) } } }, `${'x'.repeat(79)}…`],
  ])('reads %j', async (record, text) => {
    expect(await ask(open(file('a.mmdb', mmdb(encode(record)))))).toEqual({ text });
  });

  it.each([
    ['nothing to show', encode({ other: 'x' })],
    ['another kind of record', encode('text')],
    ['fields of other kinds', encode({ country: ['a'], city: { names: 7 }, asn: { a: 'b' } })],
    ['keys of the object prototype', encode(JSON.parse('{"__proto__": {"country_code": "ZZ"}}'))],
  ])('%s is nothing known', async (_what, record) => {
    expect(await ask(open(file('a.mmdb', mmdb(record))))).toBeUndefined();
    expect(({} as Record<string, unknown>).country_code).toBeUndefined();
  });

  const laughs = () => {
    // Ten arrays of ten pointers to the next: 10^10 values in a few hundred octets.
    const size = control(11, 10).length + 50;
    const levels = Array.from({ length: 10 }, (_, i) =>
      Buffer.concat([control(11, 10), ...Array.from({ length: 10 }, () => pointer((i + 1) * size))]),
    );
    return Buffer.concat([...levels, encode('ha')]);
  };
  const nested = (type: number, depth: number) =>
    Buffer.concat(Array.from({ length: depth }, () => control(type, 1)));

  it.each([
    ['an empty file', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(100_000)],
    ['noise', Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251))],
    ['no metadata behind the marker', Buffer.from('abcdef4d61784d696e642e636f6d', 'hex')],
    ['a cut file', mmdb(encode(CITY)).subarray(0, -40)],
    ['a record that points at itself', mmdb(pointer(0))],
    ['arrays nested 100,000 deep', mmdb(nested(11, 100_000))],
    ['maps nested 100,000 deep', mmdb(nested(7, 100_000))],
    ['an array of 16 million nothings', mmdb(control(11, 16_000_000))],
    ['a map of 16 million nothings', mmdb(control(7, 16_000_000))],
    ['exponential growth', mmdb(laughs())],
    ['an unknown type', mmdb(Buffer.from([0, 99]))],
    ['a tree larger than the file', mmdb(encode(CITY), { node_count: 4_000_000_000 })],
    ['a tree without nodes', mmdb(encode(CITY), { node_count: 0 })],
    ['an impossible node size', mmdb(encode(CITY), { record_size: 7 })],
    ['numbers beyond a double', mmdb(encode(CITY), { node_count: 2n ** 64n - 1n })],
    [
      'metadata nested 100,000 deep',
      Buffer.concat([
        mmdb(encode(CITY)).subarray(0, 120),
        Buffer.from('abcdef4d61784d696e642e636f6d', 'hex'),
        nested(11, 100_000),
      ]),
    ],
  ])('%s costs its answer, a bounded time, and one complaint', async (_what, content) => {
    const lookup = open(file('bad.mmdb', content), file('asn.mmdb', mmdb(encode(ASN))));
    const start = performance.now();
    for (let i = 0; i < 3; i++) expect((await ask(lookup))?.text).toBe('AS64500 Example Networks');
    expect(performance.now() - start).toBeLessThan(3_000);
    expect(faults).toEqual([expect.stringMatching(/^\/bad\.mmdb gives no locations: ./)]);
  });

  it('a build time beyond all calendars is no reason to give up', async () => {
    const lookup = open(file('a.mmdb', mmdb(encode(ASN), { build_epoch: 2n ** 64n - 1n })));
    expect((await ask(lookup))?.text).toBe('AS64500 Example Networks');
  });

  it('a missing file is said once; a file replaced while running is read again', async () => {
    const path = join(root, 'late.mmdb');
    const lookup = open(path);
    expect(await ask(lookup)).toBeUndefined();
    expect(await ask(lookup)).toBeUndefined();
    expect(faults).toEqual(['/late.mmdb gives no locations: there is no such file']);
    file('late.mmdb', mmdb(encode(CITY)));
    expect((await ask(lookup))?.text).toBe('Testville, Zedland');
    file('late.mmdb', Buffer.from('garbage'));
    expect(await ask(lookup)).toBeUndefined();
    file('late.mmdb', mmdb(encode(ASN)));
    utimesSync(path, 1, 1);
    expect((await ask(lookup))?.text).toBe('AS64500 Example Networks');
    expect(faults).toHaveLength(2);
  });

  it('an IPv6 address in an IPv4 file is nothing known or a fault, never a crash', async () => {
    const found = await ask(open(file('a.mmdb', mmdb(encode(ASN)))), '2001:db8::7');
    expect(found === undefined || found.text !== '').toBe(true);
  });
});
