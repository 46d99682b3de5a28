import { runCli } from '../../src/cli/cli.ts';

export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line inside the test process, with what it printed. */
export async function runForTest(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliRun> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const exitCode = await runCli(args, {
    stdout: { write: (text) => stdout.push(text) > 0 },
    stderr: { write: (text) => stderr.push(text) > 0 },
    env: { NO_COLOR: '1', ...env },
  });
  return { exitCode, stdout: stdout.join(''), stderr: stderr.join('') };
}
