import { expect, it } from 'vitest';
import { Pipeline, type PipelineMode, type PipelineOptions } from '../src/pipeline.ts';
import type { Frame, LineKeeper } from '../src/types.ts';
import { ruleSet } from './support/rule-sets.ts';

const lines: LineKeeper = { keep: () => ({ sequence: 1 }), get: () => undefined };
const RECEIVED = Date.parse('2026-11-23T03:00:05Z');

function pipeline(mode: PipelineMode): Pipeline {
  const options: PipelineOptions = {
    mode,
    ruleSet: ruleSet([]),
    parse: { prefixes: [] },
    zone: 'Europe/Berlin',
    zones: new Map(),
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
