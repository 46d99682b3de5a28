import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import { redisSettings } from '../config/redis-settings.ts';
import { webToken } from '../config/web-token.ts';
import type { YamlPath } from '../lib/yaml-file.ts';
import { createChannels } from '../notify/index.ts';
import { refuseOpenBind } from '../web/guard.ts';
import { channelOptions } from './notifications.ts';

/** A setting the daemon can not start with. */
export interface StartFault {
  readonly path: YamlPath;
  readonly message: string;
}

/**
 * What keeps the daemon from starting and a schema can not tell: files that can not be read, secrets that neither the file nor the
 * environment has. Opens no socket.
 */
export async function startFaults(config: Config): Promise<StartFault[]> {
  return [
    ...(await channelFaults(config)),
    ...listenerFaults(config),
    ...webFaults(config),
    ...redisFaults(config),
  ];
}

async function channelFaults({ channels }: Config): Promise<StartFault[]> {
  const faults: StartFault[] = [];
  for (const [i, channel] of channels.entries()) {
    const at = ['channels', i];
    const unread = (['passwordFile', 'urlFile', 'secretFile', 'tokenFile'] as const).flatMap((setting) =>
      fileFaults([...at, setting], (channel as { readonly [Key in typeof setting]?: string })[setting]),
    );
    faults.push(...unread);
    if (unread.length > 0) continue;
    try {
      for (const created of createChannels(channelOptions([channel]))) await created.close();
    } catch (error) {
      faults.push({ path: at, message: (error as Error).message });
    }
  }
  return faults;
}

function listenerFaults({ listeners }: Config): StartFault[] {
  return listeners.flatMap((listener, i) => {
    const at = ['listeners', i];
    switch (listener.protocol) {
      case 'tls':
        return (['cert', 'key', 'ca'] as const).flatMap((setting) =>
          fileFaults([...at, setting], listener[setting]),
        );
      case 'tail':
      case 'unix': {
        // The file itself may come later; a directory that is not there is a slip of the pen.
        const directory = dirname(listener.path);
        return isDirectory(directory)
          ? []
          : [{ path: [...at, 'path'], message: `${directory}: there is no such directory` }];
      }
      default:
        return [];
    }
  });
}

function webFaults({ web }: Config): StartFault[] {
  if (!web.enabled) return [];
  const unread = web.token === undefined ? fileFaults(['web', 'tokenFile'], web.tokenFile) : [];
  if (unread.length > 0) return unread;
  try {
    const token = webToken(web);
    refuseOpenBind({ host: web.host, ...(token === undefined ? {} : { token }) });
    return [];
  } catch (error) {
    const setting = web.tokenFile === undefined ? 'host' : 'tokenFile';
    return [{ path: ['web', setting], message: (error as Error).message }];
  }
}

function redisFaults(config: Config): StartFault[] {
  const { state, redis } = config;
  if (state === 'embedded') return [];
  const unread = [
    ...(redis.password === undefined ? fileFaults(['redis', 'passwordFile'], redis.passwordFile) : []),
    ...fileFaults(['redis', 'ca'], redis.ca),
  ];
  if (unread.length > 0) return unread;
  try {
    redisSettings(config);
    return [];
  } catch (error) {
    return [{ path: ['redis'], message: (error as Error).message }];
  }
}

/** Why a file that is named can not be read. */
function fileFaults(path: YamlPath, file: string | undefined): StartFault[] {
  if (file === undefined) return [];
  const fault = (because: string) => [{ path, message: `${String(path.at(-1))} ${file}: ${because}` }];
  try {
    if (statSync(file).isDirectory()) return fault('is a directory');
    accessSync(file, constants.R_OK);
    return [];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return fault('there is no such file');
    return fault(code === 'EACCES' ? 'may not be read by this user' : message);
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    // What may not be looked at is told by whoever opens it.
    return (
      (error as NodeJS.ErrnoException).code !== 'ENOENT' &&
      (error as NodeJS.ErrnoException).code !== 'ENOTDIR'
    );
  }
}
