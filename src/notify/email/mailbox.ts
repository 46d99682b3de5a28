import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { visible } from '../../lib/escape.ts';
import type { EmailOptions } from '../options.ts';
import { type MailOutcome, type MailTransport, refusedAll } from './mail-transport.ts';
import { composed } from './message.ts';

/**
 * A directory of .eml files, `<time>-<alert id>.eml`, each complete or not there at all. The directory is made 0700 and the
 * files 0600: they hold evidence. Throws TypeError without a path.
 */
export function mailboxTransport(options: EmailOptions): MailTransport {
  const directory = options.path;
  if (directory === undefined || directory === '') {
    throw new TypeError(`channel ${options.name}: mailbox needs the path of a directory`);
  }
  return {
    description: `mailbox ${directory}`,
    async deliver(message, recipients): Promise<MailOutcome> {
      const time = (message.date as Date).toISOString().replace(/[-:]|\.\d+/g, '');
      const id = String(message.messageId)
        .slice(1)
        .replace(/@[^@]*$/, '');
      const path = join(directory, `${time}-${id}.eml`);
      try {
        await writeWhole(directory, path, await composed(message, 'windows'));
        return { accepted: recipients, refused: [], because: `written to ${path}` };
      } catch (error) {
        return refusedAll(recipients, true, visible((error as Error).message, 300));
      }
    },
    close: () => {},
  };
}

async function writeWhole(directory: string, path: string, octets: Buffer): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const unfinished = `${path}.tmp`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(octets);
    await file.sync();
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}
