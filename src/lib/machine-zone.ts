import { realpathSync } from 'node:fs';

/** Where the zone files lie, for the name behind it. */
const ZONE_FILE = /\/zoneinfo\/(?:posix\/|right\/)?([A-Za-z_+-]+(?:\/[\w+-]+){0,2})$/;

/**
 * The IANA name of the machine's zone, `UTC` when there is none. Asked of the file system where that is the whole answer:
 * the runtime's own word takes it 20 ms.
 */
export function machineZone(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env.TZ === 'UTC') return 'UTC';
  const name = env.TZ === undefined ? ZONE_FILE.exec(localTimeFile())?.[1] : undefined;
  return name ?? (Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC');
}

function localTimeFile(): string {
  try {
    return realpathSync('/etc/localtime');
  } catch {
    return '';
  }
}
