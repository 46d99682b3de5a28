import { expect, it } from 'vitest';
import { Pipeline, type PipelineMode, type PipelineOptions } from '../src/pipeline.ts';
import type { Frame, LineKeeper } from '../src/types.ts';
import { ruleSet } from './support/rule-sets.ts';

const lines: LineKeeper = { keep: () => ({ sequence: 1 }), get: () => undefined };
const RECEIVED = Date.parse('2026-11-23T03:00:05Z');

function pipeline(mode: PipelineMode, zones: ReadonlyMap<string, string> = new Map()): Pipeline {
  const options: PipelineOptions = {
    mode,
    ruleSet: ruleSet([]),
    parse: { prefixes: [] },
    zone: 'Europe/Berlin',
    zones,
    latenessMs: 2_000,
    settleMs: 10_000,
    quietMs: 900_000,
    maxOpenIncidents: 10,
    maxDelayMs: 86_400_000,
    isOwn: () => false,
    lines,
    onTransition: () => {},
  };
  return new Pipeline(options);
}

function frame(text: string): Frame {
  return {
    bytes: Buffer.from(text),
    receivedAtMs: RECEIVED,
    peer: { address: '192.0.2.1' },
    transport: 'tcp',
  };
}

const ACCESS = '198.51.100.7 - - [23/Nov/2026:03:59:58 +0100] "GET /cgi-bin/test-cgi HTTP/1.0" 404 209';

it.each<[string, PipelineMode, string, string, string]>([
  ['the body, where the header says nothing', 'live', ACCESS, 'device', '2026-11-23T02:59:58.000Z'],
  ['the body of a replayed line', 'replay', ACCESS, 'device', '2026-11-23T02:59:58.000Z'],
  [
    'the header, where it says something',
    'live',
    `<14>1 2026-11-23T03:00:01Z www1 httpd - - - ${ACCESS}`,
    'device',
    '2026-11-23T03:00:01.000Z',
  ],
  [
    'the receipt, where the body is from the future',
    'live',
    ACCESS.replace('/2026:', '/2027:'),
    'receipt',
    '2026-11-23T03:00:05.000Z',
  ],
  [
    'the receipt, where the body has no such day',
    'live',
    ACCESS.replace('23/Nov', '31/Nov'),
    'receipt',
    '2026-11-23T03:00:05.000Z',
  ],
  [
    'loginlog, by the clocks of the configured zone',
    'replay',
    'root:/dev/pts/1:Mon Nov 23 03:00:00 2026',
    'device',
    '2026-11-23T02:00:00.000Z',
  ],
])('the event time is that of %s', (_, mode, line, source, at) => {
  const { attempt } = pipeline(mode).process(frame(line));
  expect([attempt?.timeSource, new Date(attempt!.atMs).toISOString()]).toEqual([source, at]);
});

const FORTIGATE =
  'devname="f" devid="FGT1" logid="1" type="traffic" srcip=198.51.100.7 srcport=1 dstip=192.0.2.10 dstport=143 proto=6 action="deny" policyid=0';
const PALO_ALTO =
  '1,2026/11/23 03:59:59,1,TRAFFIC,drop,1,2026/11/23 03:59:58,198.51.100.7,192.0.2.10,,,r,,,a,v,u,d,i,,c,2026/11/23 03:59:58,0,1,1,143,0,0,0x0,tcp,drop,60';

it.each([
  [`<189>date=2026-11-23 time=03:59:58 ${FORTIGATE}`, '2026-11-23T02:59:58.000Z'],
  [`<189>date=2026-11-23 time=03:59:58 tz="-0530" ${FORTIGATE}`, '2026-11-23T09:29:58.000Z'],
  [`<189>date=2026-11-23 time=03:59:58 tz="UTC+1:00" ${FORTIGATE}`, '2026-11-23T02:59:58.000Z'],
  [`<189>date=2026-11-23 time=03:59:59 eventtime=1795402798 ${FORTIGATE}`, '2026-11-23T02:59:58.000Z'],
  [
    `<189>date=2026-11-23 time=03:59:59 eventtime=1795402798123456789 ${FORTIGATE}`,
    '2026-11-23T02:59:58.123Z',
  ],
  [`<189>date=2026-11-31 time=03:59:59 ${FORTIGATE}`, '2026-11-23T03:00:05.000Z'],
  [`<14>${PALO_ALTO}`, '2026-11-23T02:59:58.000Z'],
  [
    '<133>id=f sn=1 time="2026-11-23 02:59:58 UTC" fw=192.0.2.1 m=36 msg="TCP connection dropped" src=198.51.100.7:1:X1 dst=192.0.2.10:143:X0',
    '2026-11-23T02:59:58.000Z',
  ],
  [
    '<133>id=f sn=1 time="2026-11-23 03:59:58" fw=192.0.2.1 m=36 msg="TCP connection dropped" src=198.51.100.7:1:X1 dst=192.0.2.10:143:X0',
    '2026-11-23T02:59:58.000Z',
  ],
])('a firewall without a header time states its own: %s', (line, at) => {
  expect(new Date(pipeline('replay').process(frame(line)).attempt!.atMs).toISOString()).toBe(at);
});

it('the zone of the sender counts in the body too', () => {
  const zones = new Map([['192.0.2.1', 'America/New_York']]);
  const { attempt } = pipeline('replay', zones).process(
    frame(`<189>date=2026-11-23 time=03:59:58 ${FORTIGATE}`),
  );
  expect(new Date(attempt!.atMs).toISOString()).toBe('2026-11-23T08:59:58.000Z');
});
