import { visible } from '../lib/escape.ts';
import { LogFile } from '../receive/file.ts';
import { CliError, EXIT_USAGE } from './io.ts';

/** Opens log files for a verb; one that can not be opened ends it with exit code 2 and says which and why. */
export async function openLogs(paths: readonly string[]): Promise<LogFile[]> {
  const files: LogFile[] = [];
  try {
    for (const path of paths) files.push(await LogFile.open(path).catch((error) => refuse(path, error)));
  } catch (error) {
    await Promise.all(files.map((file) => file.close()));
    throw error;
  }
  return files;
}

function refuse(path: string, { code, message }: NodeJS.ErrnoException): never {
  const because =
    code === 'ENOENT'
      ? `${path}: there is no such file`
      : code === 'EACCES'
        ? `${path}: you may not read it`
        : message;
  throw new CliError(EXIT_USAGE, visible(because));
}
