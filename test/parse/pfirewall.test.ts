import { describe, expect, it } from 'vitest';
import { BoundedMap } from '../../src/lib/bounded-map.ts';
import type { ParseOptions } from '../../src/parse/parser.ts';
import { pfirewall } from '../../src/parse/pfirewall.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('pfirewall', (line) => pfirewall.parse(decodeLine(line), { prefixes: [] }));

/** One reader of several senders, as a pipeline has it. */
function reader(options: Partial<ParseOptions> = {}, maxSenders = 8) {
  const headers = new BoundedMap<string, readonly string[]>(maxSenders);
  return (sender: string, line: string) =>
    pfirewall.parse(decodeLine(line), { prefixes: [], headers, ...options }, sender);
}

const TURNED = '#Fields: date time action protocol dst-ip src-ip dst-port src-port path';
const turned = '2026-11-23 03:00:00 DROP TCP 192.0.2.10 198.51.100.7 143 31337 RECEIVE';
const documented =
  '2026-11-23 03:00:00 DROP TCP 198.51.100.7 192.0.2.10 31337 143 48 S 1 0 65535 - - - RECEIVE';
const knock = { source: { ip: '198.51.100.7', port: 31337 }, destination: { ip: '192.0.2.10', port: 143 } };

describe('the #Fields line', () => {
  it('says the columns of its sender, and of nobody else', () => {
    const read = reader();
    read('win1', TURNED);
    expect(read('win1', turned)).toMatchObject({ attempt: knock });
    expect(read('win2', turned)).toMatchObject({ kind: 'malformed' });
    expect(read('win2', documented)).toMatchObject({ attempt: knock });
  });

  it('may come again with other columns', () => {
    const read = reader();
    read('win1', TURNED);
    read('win1', `#Fields: ${documentedColumns()}`);
    expect(read('win1', documented)).toMatchObject({ attempt: knock });
  });

  it('of another program changes nothing', () => {
    const read = reader();
    read('win1', '#Fields: date time c-ip cs-method sc-status');
    expect(read('win1', documented)).toMatchObject({ attempt: knock });
    read('win1', '<13>Nov 23 03:00:00 win1 iis: #Fields: date time action dst-ip src-ip');
    expect(read('win1', documented)).toMatchObject({ attempt: knock });
  });

  it('is remembered for a bounded number of senders', () => {
    const read = reader({}, 2);
    for (const sender of ['win1', 'win2', 'win3']) read(sender, TURNED);
    expect(read('win3', turned)).toMatchObject({ attempt: knock });
    expect(read('win1', documented)).toMatchObject({ attempt: knock });
  });

  it('without a column leaves its field away', () => {
    const read = reader();
    read('win1', '#Fields: date time action protocol src-ip dst-ip');
    expect(read('win1', '2026-11-23 03:00:00 DROP TCP 198.51.100.7 192.0.2.10')).toMatchObject({
      attempt: { source: { ip: '198.51.100.7' }, destination: { ip: '192.0.2.10' } },
    });
  });
});

it('takes the times as the local ones of the zone', () => {
  expect(reader({ zone: 'Europe/Berlin' })('win1', documented)).toMatchObject({
    attempt: { stampMs: Date.UTC(2026, 10, 23, 2) },
  });
});

function documentedColumns(): string {
  return 'date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack tcpwin icmptype icmpcode info path';
}
