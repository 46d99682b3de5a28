import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PRIVATE_MODE } from './private-files.ts';

const NAME = 'knockwatch.pid';

/**
 * Writes this process into `<stateDir>/knockwatch.pid`: its number, and below it when it began, since the system gives
 * numbers out again. Throws the file system's error.
 */
export function writePidFile(stateDir: string): void {
  const path = join(stateDir, NAME);
  writeFileSync(`${path}.new`, `${process.pid}\n${beginningOf(process.pid) ?? ''}\n`, { mode: PRIVATE_MODE });
  renameSync(`${path}.new`, path);
}

/** Takes the file away, if it is still this process's. */
export function removePidFile(stateDir: string): void {
  if (runningPid(stateDir) === process.pid) rmSync(join(stateDir, NAME), { force: true });
}

/** The process that wrote the file, if it still runs; a number that belongs to a stranger by now is not given. */
export function runningPid(stateDir: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(join(stateDir, NAME), 'utf8');
  } catch {
    return undefined;
  }
  const [number = '', beginning = ''] = text.split('\n');
  if (!/^[1-9]\d{0,9}$/.test(number) || beginning === '') return undefined;
  const pid = Number(number);
  return beginningOf(pid) === beginning ? pid : undefined;
}

/**
 * When a process began: ticks since boot (proc(5), field 22 of /proc/PID/stat) and which boot. Undefined when there is no
 * such process, or no /proc to ask.
 */
function beginningOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Field 2 is the program's name in parentheses, and may hold anything; the fields after it are numbers.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${ticks} ${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}`;
  } catch {
    return undefined;
  }
}
