import { LogFile } from '../receive/file.ts';
import { CliError, EXIT_USAGE } from './io.ts';

/** Opens log files for a verb; one that can not be opened ends it with exit code 2 and says which and why. */
export async function openLogs(paths: readonly string[]): Promise<LogFile[]> {
  const files: LogFile[] = [];
  try {
    for (const path of paths) files.push(await LogFile.open(path));
  } catch (error) {
    await Promise.all(files.map((file) => file.close()));
    throw new CliError(EXIT_USAGE, (error as Error).message);
  }
  return files;
}
