import { runCli } from '../../src/cli/cli.ts';

export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line inside the test process, with what it printed. */
export async function runForTest(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCli(args, {
    stdout: { write: (text) => Boolean((stdout += text)) },
    stderr: { write: (text) => Boolean((stderr += text)) },
    env: { NO_COLOR: '1', ...env },
  });
  return { exitCode, stdout, stderr };
}
