/* The searching thread of SearchAhead: runs the prefilter over segments of a log that lie ahead of the thread that reads it. */

import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { prefilterOf, type Search } from '../match/prefilter.ts';
import { LineWindow, READ_BYTES } from '../receive/file.ts';
import { type SegmentShape, Segments, SLACK_BYTES } from './segments.ts';

/** What the searching thread is given. */
export interface SearchWorkerData {
  readonly fd: number;
  readonly shape: SegmentShape;
  readonly memory: SharedArrayBuffer;
  readonly search: Search;
  readonly windowBytes: number;
}

const { fd, shape, memory, search, windowBytes } = workerData as SearchWorkerData;
const segments = new Segments(shape, memory);
const prefilter = prefilterOf(search);
const found: number[] = [];

/** Reads a segment and the octets in front of it, where its first line begins. False when it is no longer there. */
function readSegment(segment: number, octets: Buffer): boolean {
  const from = segment * shape.segmentBytes - SLACK_BYTES;
  let filled = 0;
  for (let bytes = 1; bytes > 0 && filled < octets.length; filled += bytes)
    bytes = readSync(fd, octets, filled, Math.min(READ_BYTES, octets.length - filled), from + filled);
  return filled === octets.length;
}

function searchSegment(segment: number, before: number): void {
  const octets = segments.octets(before);
  const isThere = readSegment(segment, octets);
  const start = octets.lastIndexOf(10, SLACK_BYTES - 1) + 1;
  const end = octets.lastIndexOf(10) + 1;
  if (!isThere || start === 0) {
    segments.done(segment, before, 0, 0, undefined);
    return;
  }
  const spans: number[] = [];
  for (const window of LineWindow.of({ buffer: octets, start, end }, windowBytes)) {
    prefilter.find(window.text, found);
    for (const at of found) spans.push(window.offset + at);
  }
  segments.done(segment, before, start, end, spans);
}

let before = 0;
for (let segment = segments.take(0, 0); segment !== undefined; segment = segments.take(segment, before)) {
  try {
    searchSegment(segment, before);
  } catch {
    // What can not be read, the reader will find out about, and say.
    segments.done(segment, before, 0, 0, undefined);
  }
  before++;
  parentPort!.postMessage(segment);
}
