import { spawn } from 'node:child_process';
import { isAbsolute } from 'node:path';
import { childEnvironment } from '../../lib/child-environment.ts';
import { visible } from '../../lib/escape.ts';
import type { EmailOptions } from '../options.ts';
import { type MailOutcome, type MailTransport, refusedAll } from './mail-transport.ts';
import { composed } from './message.ts';

const MAX_STDERR = 2_048;
/** sysexits.h: data error, no such user, no such host. The others may pass when somebody mends something. */
const FINAL_EXITS = new Set([65, 67, 68]);

/**
 * A local sendmail program: arguments only, never a shell. Started here and not by nodemailer, whose sendmail transport can
 * not be aborted: a program that hangs would stay for ever. Throws TypeError when `path` is not absolute.
 */
export function sendmailTransport(options: EmailOptions): MailTransport {
  const path = options.path ?? '/usr/sbin/sendmail';
  if (!isAbsolute(path)) throw new TypeError(`channel ${options.name}: path of sendmail must be absolute`);
  return {
    description: path,
    async deliver(message, recipients, signal): Promise<MailOutcome> {
      const octets = await composed(message, 'unix');
      const { code, because } = await run(
        path,
        ['-i', '-f', options.from, '--', ...recipients],
        octets,
        signal,
      );
      if (code === 0) return { accepted: recipients, refused: [], because };
      return refusedAll(recipients, code === undefined || !FINAL_EXITS.has(code), because);
    },
    close: () => {},
  };
}

/** Runs a program with the message on its standard input; resolves with its exit code, none when it did not run or was killed. */
function run(
  path: string,
  args: readonly string[],
  input: Buffer,
  signal: AbortSignal,
): Promise<{ readonly code: number | undefined; readonly because: string }> {
  return new Promise((resolve) => {
    const env = childEnvironment();
    const child = spawn(path, args, {
      stdio: ['pipe', 'ignore', 'pipe'],
      env,
      signal,
      killSignal: 'SIGKILL',
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(0, MAX_STDERR);
    });
    // A program that does not read its input says why with its exit code.
    child.stdin.on('error', () => {});
    child.on('error', (error) =>
      resolve({ code: undefined, because: visible(`${path}: ${error.message}`, 300) }),
    );
    child.on('close', (code, killedBy) => {
      const end =
        code === null ? `was ended by ${killedBy}` : code === 0 ? 'took the message' : `exited with ${code}`;
      const said = stderr.trim() === '' ? '' : `: ${stderr.trim()}`;
      resolve({ code: code ?? undefined, because: visible(`${path} ${end}${said}`, 300) });
    });
    child.stdin.end(input);
  });
}
