import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PACKAGE_ROOT } from '../lib/package-root.ts';
import type { Frame } from '../types.ts';
import { AllowList } from './allow-list.ts';
import { BatchQueue } from './batch-queue.ts';
import { Counters } from './counters.ts';
import { DEFAULT_MAX_BYTES } from './datagram-gate.ts';
import { KernelDrops } from './kernel-drops.ts';
import type { LineBatch } from './line-batch.ts';
import { ListenError, type ListenPlace, placeName, withinStartDeadline } from './listen-error.ts';
import { DEFAULT_RECEIVE_BUFFER_BYTES } from './receive-buffer.ts';
import type { FrameSink, Receiver, ReceiverEventSink, ReceiverStats } from './receiver.ts';
import { type FromUdpWorker, SharedCounters, type UdpWorkerData } from './udp-batch.ts';

export interface UdpSyslogServerOptions {
  /** IPv4 address; not used with `fd`. */
  readonly host: string;
  readonly port: number;
  /** An inherited datagram socket of either family (inherited.ts). */
  readonly fd?: number | undefined;
  readonly receiveBufferBytes?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** Addresses and networks; empty or absent: everybody. */
  readonly allowedSenders?: readonly string[] | undefined;
  /** Bytes that may wait for the main thread; what comes beyond is dropped as `main-thread-behind`. */
  readonly maxBacklogBytes?: number | undefined;
  /** How long after its thread died the receiver starts another, in milliseconds. */
  readonly restartAfterMs?: number | undefined;
}

/** Starts the receiving thread; tests put another program in its place. */
export type SpawnUdpWorker = (data: UdpWorkerData, name: string) => Worker;

type Started = Extract<FromUdpWorker, { kind: 'started' }>;

const DEFAULT_MAX_BACKLOG_BYTES = 64 * 1024 * 1024;
const DEFAULT_RESTART_AFTER_MS = 1_000;
const STOP_DEADLINE_MS = 2_000;

/** UDP over IPv4, or over an inherited socket: the package syslog-server in a thread of its own (udp-worker.ts). */
export class UdpSyslogServer implements Receiver {
  readonly name: string;
  readonly #options: UdpSyslogServerOptions;
  readonly #onEvent: ReceiverEventSink;
  readonly #spawn: SpawnUdpWorker;
  readonly #counters = new Counters();
  readonly #shared = new SharedCounters();
  readonly #queue: BatchQueue;
  #worker: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #address: Receiver['address'];
  #kernelDrops: KernelDrops | undefined;
  #receiveBufferBytes: number | undefined;

  /** Throws RangeError for a bad entry in `allowedSenders`. */
  constructor(
    options: UdpSyslogServerOptions,
    sink: FrameSink,
    onEvent: ReceiverEventSink,
    spawn: SpawnUdpWorker = spawnUdpWorker,
  ) {
    new AllowList(options.allowedSenders);
    this.name = placeName({ protocol: 'udp', ...options });
    this.#options = options;
    this.#onEvent = onEvent;
    this.#spawn = spawn;
    this.#queue = new BatchQueue(this.#shared, this.#counting(sink));
  }

  get address(): Receiver['address'] {
    return this.#address;
  }

  /** The receive buffer as the kernel reports it, in bytes, once started. */
  get receiveBufferBytes(): number | undefined {
    return this.#receiveBufferBytes;
  }

  async start(): Promise<void> {
    if (this.#worker !== undefined) throw new Error(`${this.name} has been started already`);
    this.#stopping = undefined;
    await this.#launch(this.#options.port);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#shutDown();
    return this.#stopping;
  }

  stats(): ReceiverStats {
    const kernel = this.#kernelDrops?.read() ?? 0;
    return this.#counters.snapshot([...this.#shared.drops(), ['kernel-buffer-full', kernel]]);
  }

  /** The sink, with what goes into it counted. */
  #counting(sink: FrameSink): FrameSink {
    const { takeLines } = sink;
    const take = (frame: Frame): void => {
      this.#counters.frame(frame.bytes.length);
      if (frame.truncated) this.#counters.drop('frame-too-long');
      sink(frame);
    };
    if (takeLines === undefined) return take;
    return Object.assign(take, {
      takeLines: (batch: LineBatch) => {
        if (!takeLines(batch)) return false;
        this.#counters.frames(batch.lines, batch.text.length - batch.lines);
        return true;
      },
    });
  }

  async #launch(port: number): Promise<void> {
    const { host, fd } = this.#options;
    const place: ListenPlace = { protocol: 'udp', host, port, fd };
    const worker = this.#spawn(this.#workerData(port), this.name);
    this.#worker = worker;
    worker.on('message', (message: FromUdpWorker) => this.#hear(message));
    try {
      const started = await withinStartDeadline(place, startedBy(worker, place));
      worker.removeAllListeners('error').removeAllListeners('exit');
      worker.on('error', (error) => this.#died(worker, error.message));
      worker.on('exit', (code) => this.#died(worker, `exit ${code}`));
      this.#began(started);
    } catch (error) {
      this.#worker = undefined;
      worker.removeAllListeners();
      worker.on('error', () => {});
      await worker.terminate();
      throw error;
    }
  }

  #workerData(port: number): UdpWorkerData {
    const { host, fd, receiveBufferBytes, maxBytes, allowedSenders, maxBacklogBytes } = this.#options;
    return {
      host,
      port,
      fd,
      receiveBufferBytes: receiveBufferBytes ?? DEFAULT_RECEIVE_BUFFER_BYTES,
      maxBytes: maxBytes ?? DEFAULT_MAX_BYTES,
      allowedSenders: allowedSenders ?? [],
      maxBacklogBytes: maxBacklogBytes ?? DEFAULT_MAX_BACKLOG_BYTES,
      counters: this.#shared.memory,
    };
  }

  #began(started: Started): void {
    this.#address = { host: started.host, port: started.port };
    this.#receiveBufferBytes = started.receiveBufferBytes;
    this.#keepKernelDrops();
    this.#kernelDrops = new KernelDrops(started.host, started.port);
    this.#kernelDrops.read();
    if (started.warning === undefined) return;
    const details = { receiveBufferBytes: started.receiveBufferBytes };
    this.#onEvent({ level: 'warn', message: `${this.name}: ${started.warning}`, details });
  }

  #hear(message: FromUdpWorker): void {
    if (message.kind === 'batch') this.#queue.push(message.buffer);
    else if (message.kind === 'trouble') {
      this.#onEvent({ level: 'warn', message: `${this.name}: ${message.message}` });
    }
  }

  /** A socket's counter starts at zero; what the previous one lost stays counted. */
  #keepKernelDrops(): void {
    this.#counters.drop('kernel-buffer-full', this.#kernelDrops?.read() ?? 0);
    this.#kernelDrops = undefined;
  }

  #died(worker: Worker, because: string): void {
    if (this.#worker !== worker || this.#stopping !== undefined) return;
    this.#worker = undefined;
    // An inherited socket is closed with its thread and cannot be opened again from here.
    const remedy = this.#options.fd === undefined ? 'starting it again' : 'restart the service';
    this.#onEvent({
      level: 'error',
      message: `${this.name}: the receiving thread died (${because}), ${remedy}`,
    });
    if (this.#options.fd === undefined) this.#restartLater();
  }

  #restartLater(): void {
    this.#restart = setTimeout(async () => {
      try {
        await this.#launch(this.#address?.port ?? this.#options.port);
        this.#onEvent({ level: 'info', message: `${this.name} is receiving again` });
      } catch (error) {
        if (this.#stopping !== undefined) return;
        this.#onEvent({ level: 'error', message: (error as Error).message });
        this.#restartLater();
      }
    }, this.#options.restartAfterMs ?? DEFAULT_RESTART_AFTER_MS);
  }

  async #shutDown(): Promise<void> {
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker !== undefined) {
      // The last look before the socket goes: the kernel forgets its count with it.
      this.#kernelDrops?.read();
      await stopped(worker);
      await worker.terminate();
      this.#worker = undefined;
    }
    await this.#queue.emptied();
  }
}

/** Node 20 runs no TypeScript in a worker thread, so a receiver that runs from src uses the thread built in dist, too. */
function spawnUdpWorker(data: UdpWorkerData, name: string): Worker {
  const built = join(PACKAGE_ROOT, 'dist/receive/udp-worker.js');
  return new Worker(built, { workerData: data, name, execArgv: [] });
}

function startedBy(worker: Worker, place: ListenPlace): Promise<Started> {
  return new Promise((resolve, reject) => {
    worker.once('message', (message: FromUdpWorker) => {
      if (message.kind === 'started') resolve(message);
      else if (message.kind === 'failed') reject(new ListenError(place, message.code, message.message));
    });
    worker.once('error', (error) => reject(new ListenError(place, 'UNKNOWN', error.message)));
    worker.once('exit', (code) => reject(new ListenError(place, 'UNKNOWN', `its thread ended with ${code}`)));
  });
}

/** Asks the thread to end; resolves when it has said its last word, has gone without one, or takes too long. */
function stopped(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, STOP_DEADLINE_MS).unref();
    worker.on('message', (message: FromUdpWorker) => message.kind === 'stopped' && resolve());
    worker.on('exit', () => resolve());
    worker.postMessage('stop');
  });
}
