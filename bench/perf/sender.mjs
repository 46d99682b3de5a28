import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { OUT } from './logs.mjs';

const SOURCE = resolve(import.meta.dirname, '../../../shared/bench/udpblast.c');
const PROGRAM = join(OUT, 'udpblast');
const MESSAGE_BYTES = 200;

/** Whether there is a sender that is fast enough (a C program, compiled once): Node sends datagrams more slowly than it takes them. */
export function hasSender() {
  if (existsSync(PROGRAM)) return true;
  if (!existsSync(SOURCE)) return false;
  try {
    execFileSync('cc', ['-O2', '-o', PROGRAM, SOURCE], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Sends denied packets of 200 octets from processor 1; 0 messages a second is as fast as they are taken. */
export async function send(protocol, port, perSecond, seconds) {
  const { stdout } = await promisify(execFile)('taskset', [
    '-c',
    '1',
    PROGRAM,
    ...[protocol, port, perSecond, seconds, MESSAGE_BYTES].map(String),
  ]);
  const { sent, per_s } = JSON.parse(stdout);
  return { sent, perSecond: per_s };
}
