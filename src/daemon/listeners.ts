import type { Config, ListenerConfig } from '../config/config.ts';
import type { ListenerOptions } from '../receive/index.ts';
import type { InheritedSocket } from '../receive/inherited.ts';

/** What the receive stage is to open: the traps and listeners of the configuration, on sockets handed to us where there are some. */
export interface ListenPlan {
  readonly listeners: readonly ListenerOptions[];
  /** Handed to us, and no listener is there to use it. */
  readonly unused: readonly InheritedSocket[];
}

/**
 * Gives each inherited socket to a listener of its protocol: one that is called as the socket is (`FileDescriptorName=tls`),
 * else one with its port, else the first that has none yet. A listener that got a socket opens none of its own.
 */
export function listenPlan(config: Config, inherited: readonly InheritedSocket[] = []): ListenPlan {
  const traps = config.traps.flatMap(({ host, ports }) =>
    ports.map((port): ListenerOptions => ({ protocol: 'trap', host, port })),
  );
  const given = new Map<ListenerConfig, number>();
  const unused: InheritedSocket[] = [];
  // Those with a port of a listener's own choose first.
  const choosers = [...inherited].sort(
    (a, b) => Number(portMatches(config, b)) - Number(portMatches(config, a)),
  );
  for (const socket of choosers) {
    const free = config.listeners.filter((listener) => fits(listener, socket) && !given.has(listener));
    const listener =
      free.find(({ protocol }) => protocol === socket.name) ??
      free.find((each) => 'port' in each && each.port === socket.port) ??
      free[0];
    if (listener === undefined) unused.push(socket);
    else given.set(listener, socket.fd);
  }
  const listeners = config.listeners.map((listener) => ({
    ...common(config, listener),
    ...(given.has(listener) ? { fd: given.get(listener) } : {}),
  }));
  return { listeners: [...traps, ...listeners], unused };
}

function portMatches({ listeners }: Config, { port }: InheritedSocket): boolean {
  return listeners.some((listener) => 'port' in listener && listener.port === port);
}

/** Whether a listener can use a socket; one of unknown kind goes by its name. */
function fits({ protocol }: ListenerConfig, { kind, name }: InheritedSocket): boolean {
  if (kind === undefined) return protocol === name;
  return protocol === kind || (protocol === 'tls' && kind === 'tcp');
}

function common(config: Config, listener: ListenerConfig): ListenerOptions {
  const limits = { maxBytes: config.limits.maxLineBytes, allowedSenders: config.allowedSenders };
  switch (listener.protocol) {
    case 'tail':
      return { ...limits, ...nowhere, ...listener, stateDir: config.stateDir };
    case 'unix': {
      const { mode, idleTimeout, ...rest } = listener;
      return { ...limits, ...nowhere, ...rest, idleTimeoutMs: idleTimeout, mode: Number.parseInt(mode, 8) };
    }
    case 'tls': {
      const { idleTimeout, ...rest } = listener;
      return { ...limits, ...rest, idleTimeoutMs: idleTimeout };
    }
    default: {
      const { idleTimeout, receiveBuffer, ...rest } = listener;
      return { ...limits, ...rest, idleTimeoutMs: idleTimeout, receiveBufferBytes: receiveBuffer };
    }
  }
}

/** Files and unix sockets have a path instead. */
const nowhere = { host: '', port: 0 };
