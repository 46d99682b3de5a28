import type { ListenOptions, Server } from 'node:net';
import { type ListenPlace, toListenError, withinStartDeadline } from './listen-error.ts';

/** Lets a TCP server listen; rejects with a ListenError that says what to do, and then the server is closed. */
export async function listenTcp(server: Server, target: ListenOptions, place: ListenPlace): Promise<void> {
  try {
    await withinStartDeadline(place, listening(server, target));
  } catch (error) {
    server.removeAllListeners();
    server.on('error', () => {});
    server.close();
    throw toListenError(place, error);
  }
}

function listening(server: Server, target: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(target, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
