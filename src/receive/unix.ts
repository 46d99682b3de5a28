import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { ListenError, type ListenPlace, toListenError } from './listen-error.ts';
import type { FrameSink, ReceiverEventSink } from './receiver.ts';
import { type StreamOptions, StreamServer } from './stream-server.ts';

export interface UnixReceiverOptions extends Omit<StreamOptions, 'allowedSenders'> {
  /** Where the socket is made. Longer than 107 octets is too long for the system. */
  readonly path: string;
  /** Who may write to it: 0o660 is owner and group. */
  readonly mode?: number | undefined;
}

const DEFAULT_MODE = 0o660;
const MAX_PATH_BYTES = 107;
const KNOCK_DEADLINE_MS = 500;

/**
 * Syslog over a unix stream socket, both framings: rsyslog's omfwd can not, but syslog-ng's `unix-stream()`, `socat` and
 * programs of one's own can. Node has no unix datagram sockets, so /dev/log itself is not for us. The file's mode says who
 * may send; there is no peer address to check.
 */
export class UnixReceiver extends StreamServer {
  /** Throws RangeError for a path that is relative or too long. */
  constructor(options: UnixReceiverOptions, sink: FrameSink, onEvent: ReceiverEventSink) {
    const { path, fd } = options;
    if (!path.startsWith('/')) throw new RangeError(`path "${path}" is not absolute`);
    if (Buffer.byteLength(path) > MAX_PATH_BYTES)
      throw new RangeError(`path "${path}" is longer than ${MAX_PATH_BYTES} octets`);
    const place: ListenPlace = { protocol: 'unix', host: '', port: 0, path, fd };
    super(
      options,
      {
        transport: 'unix',
        place,
        targets: [{ place, options: fd === undefined ? { path, exclusive: true } : { fd } }],
        ...(fd === undefined
          ? {
              prepare: () => removeStale(place, path),
              onListening: () => chmod(path, options.mode ?? DEFAULT_MODE),
            }
          : {}),
      },
      sink,
      onEvent,
    );
  }
}

/** Removes the socket a killed process left behind. Rejects when something else is there, or somebody listens on it. */
async function removeStale(place: ListenPlace, path: string): Promise<void> {
  try {
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) return;
    if (!found.isSocket()) throw new ListenError(place, 'EEXIST', 'there is a file that is no socket');
    if (await answers(path)) throw new ListenError(place, 'EADDRINUSE');
    await unlink(path);
  } catch (error) {
    throw toListenError(place, error);
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path, timeout: KNOCK_DEADLINE_MS });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => settle(true));
    socket.on('timeout', () => settle(true));
    socket.on('error', (error: NodeJS.ErrnoException) => settle(error.code !== 'ECONNREFUSED'));
  });
}
