import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/decode.ts';
import { read, UTC } from './read.ts';

/** Logs of other projects, which are not part of this one: see their SOURCE.txt. */
const CORPORA = resolve(import.meta.dirname, '../../../shared/corpora');
const present = existsSync(CORPORA);
if (!present) console.info('test/decode/corpora: no corpora beside the repository, skipped');

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function linesOf(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  if (!file.endsWith('.jsonl')) return lines;
  return lines
    .filter((line) => line !== '')
    .map((line) => String((JSON.parse(line) as { line?: string }).line ?? line));
}

describe.runIf(present)('logs of other projects', () => {
  it('are decoded without an exception and without invented text', () => {
    let lines = 0;
    for (const line of filesBelow(CORPORA).flatMap(linesOf)) {
      const { text, message } = decode(line, UTC);
      expect(line).toContain(text);
      expect(text).toContain(message);
      lines++;
    }
    expect(lines).toBeGreaterThan(5_000);
  });

  it.each([
    ['psad', 'linux', 'kernel'],
    ['crowdsec-hub/pf-logs', undefined, 'filterlog'],
    ['crowdsec-hub/ssh-bf', 'sd-126005', undefined],
    ['opnsense-filterlog/filter_valid.log', 'opnsense.filter.log', 'filterlog'],
  ])('%s: every header is understood', (path, hostname, appName) => {
    const target = join(CORPORA, path);
    const files = path.endsWith('.log') ? [target] : filesBelow(target);
    const lines = files
      .filter((file) => !/SOURCE|assert$|ipv4_igmp|time_fmt/.test(file))
      .flatMap(linesOf)
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const decoded = decode(line, UTC);
      expect(decoded.timestamp?.quality, line).toBe('device');
      if (hostname !== undefined) expect(decoded.hostname, line).toBe(hostname);
      if (appName !== undefined) expect(decoded.appName, line).toBe(appName);
    }
  });

  it('sc4s: a Cisco message begins at its percent sign', () => {
    const lines = linesOf(join(CORPORA, 'sc4s/lines.jsonl')).filter((line) =>
      /%[A-Z_]+(-[A-Z_]+)*-[0-7]-\w+: /.test(line),
    );
    const missed = lines.filter((line) => !decode(line, UTC).message.startsWith('%'));
    expect(lines.length).toBeGreaterThan(20);
    expect(missed).toEqual([]);
  });
});

describe.runIf(present)("rsyslog's fuzzing seeds", () => {
  it.each([
    [
      'rfc3164-basic',
      { hostname: 'mymachine', appName: 'su', pri: 'stated 4.2', timestamp: '2026-10-11T22:14:15Z' },
    ],
    [
      'rfc3164-no-pri',
      { hostname: 'host.example', appName: 'app', procId: '123', timestamp: '2026-10-11T22:14:15Z' },
    ],
    ['rfc3164-rfc3339', { hostname: 'host', appName: 'daemon', timestamp: '2026-07-23T07:30:45.123Z' }],
    ['rfc3164-short', { format: 'bare', pri: 'stated 0.0', message: 'x' }],
    [
      'rfc5424-basic',
      {
        hostname: 'mymachine.example.com',
        appName: 'evntslog',
        msgId: 'ID47',
        timestamp: '2003-10-11T22:14:15.003Z',
      },
    ],
    [
      'rfc5424-escaped-sd',
      { hostname: 'host', appName: 'app', procId: '123', msgId: 'msg', message: 'payload' },
    ],
    ['rfc5424-nil', { format: 'rfc5424', pri: 'stated 1.5', message: 'minimal' }],
  ])('%s', (seed, expected) => {
    expect(read(readFileSync(join(CORPORA, 'rsyslog/fuzz-corpus', seed)))).toMatchObject(expected);
  });

  it('unescapes the values of structured data', () => {
    const { structuredData } = decode(
      readFileSync(join(CORPORA, 'rsyslog/fuzz-corpus/rfc5424-escaped-sd')),
      UTC,
    );
    expect(Object.fromEntries(structuredData?.get('meta@32473') ?? [])).toEqual({
      value: 'escaped]bracket',
      quote: '"',
    });
  });
});
