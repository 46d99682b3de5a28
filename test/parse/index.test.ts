import { describe, expect, it } from 'vitest';
import { parse, registrations } from '../../src/parse/index.ts';
import { decodeLine } from '../support/decode-line.ts';

const OPTIONS = { prefixes: [] };
const PACKET = 'IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=36 TOS=0x00 PREC=0x00 TTL=1 ID=0 PROTO=2';

describe('parse()', () => {
  it.each([
    '',
    ' ',
    'last message repeated 3 times',
    'Mar  1 00:41:07 gw1 cron[12]: (root) CMD (true)',
    'CEF:0|x|y|1|1|z|1|src=203.0.113.9 dst=192.0.2.10 dpt=143',
  ])('leaves %j to nobody', (line) => {
    expect(parse(decodeLine(line), OPTIONS)).toBeUndefined();
  });

  it('hands the site’s prefixes on', () => {
    const message = decodeLine(`Mar  1 00:41:07 gw1 kernel: site-word ${PACKET}`);
    expect(parse(message, OPTIONS)).toMatchObject({ attempt: { action: 'unknown' } });
    expect(parse(message, { prefixes: [{ prefix: 'site-word', action: 'denied' }] })).toMatchObject({
      attempt: { action: 'denied' },
    });
  });

  it('gives a format’s own verdict on a damaged line, not the next parser’s', () => {
    const line = `Mar  1 00:41:07 gw1 kernel: rule 100% DROP ${PACKET} SRC=1`;
    expect(parse(decodeLine(line), OPTIONS)).toMatchObject({ kind: 'malformed', parser: 'iptables' });
  });

  it('reads the inner text of a repeated message', () => {
    const line = `Mar  1 00:41:07 gw1 kernel: message repeated 3 times: [ DROP ${PACKET}]`;
    expect(decodeLine(line).repeated).toBe(3);
    expect(parse(decodeLine(line), OPTIONS)).toMatchObject({
      attempt: { action: 'denied', transport: 'igmp' },
    });
  });
});

describe('registrations', () => {
  it('name every parser once, and results carry that name', () => {
    const names = registrations.map(({ parser }) => parser.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z-]+$/);
  });
});
