import { readFile, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { canonicalIp } from '../lib/ip.ts';
import { ListenError, type ListenPlace } from './listen-error.ts';
import type { FrameSink, ReceiverEventSink } from './receiver.ts';
import { StreamServer } from './stream-server.ts';
import { portTargets, type TcpReceiverOptions } from './tcp.ts';

export interface TlsReceiverOptions extends TcpReceiverOptions {
  /** PEM files: our certificate with its chain, and its key. */
  readonly cert: string;
  readonly key: string;
  /** PEM file of the authorities whose clients may send. */
  readonly ca?: string | undefined;
  /** Whether a client must show a certificate; on as soon as `ca` or `clientFingerprints` are given. */
  readonly requireClientCert?: boolean | undefined;
  /** SHA-256 fingerprints of the only client certificates that may send, `AB:CD:...`; RFC 5425 4.2.2. */
  readonly clientFingerprints?: readonly string[] | undefined;
  /** Milliseconds a handshake may take; 10 seconds. */
  readonly handshakeTimeoutMs?: number | undefined;
}

const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
const FINGERPRINT = /^(?:sha-?256:)?((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/i;
/** What OpenSSL says about octets that are no TLS record. */
const NO_TLS: ReadonlySet<string> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
  'ERR_SSL_UNKNOWN_PROTOCOL',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_RECORD_LAYER_FAILURE',
  'ERR_SSL_NO_PROTOCOLS_AVAILABLE',
]);

/**
 * Syslog over TLS, RFC 5425: octet counting, and because rsyslog's default is LF, that too, with a word about it. Who a
 * sender is follows from its certificate alone; the address list (`allowedSenders`) is asked before the handshake.
 */
export class TlsReceiver extends StreamServer {
  /** Throws RangeError for a fingerprint that is none, a client certificate nothing could check, and a bad allowed sender. */
  constructor(options: TlsReceiverOptions, sink: FrameSink, onEvent: ReceiverEventSink) {
    const fingerprints = (options.clientFingerprints ?? []).map(normalFingerprint);
    const { ca, requireClientCert = ca !== undefined || fingerprints.length > 0 } = options;
    if (requireClientCert && ca === undefined && fingerprints.length === 0)
      throw new RangeError('requireClientCert needs ca or clientFingerprints to check a certificate against');
    const place: ListenPlace = { protocol: 'tls', ...options };
    const handshakes = new Handshakes(options, requireClientCert, new Set(fingerprints), (reason, because) =>
      this.refuse(reason, because),
    );
    super(
      options,
      {
        transport: 'tls',
        place,
        targets: portTargets('tls', options),
        prepare: async () => onExposed(await handshakes.prepare(place), this.name, onEvent),
        secure: (socket, done) => handshakes.begin(socket, done),
      },
      sink,
      onEvent,
    );
  }
}

/** The TLS side of accepted sockets: the handshake, and whether the client's certificate will do. */
class Handshakes {
  readonly #options: TlsReceiverOptions;
  readonly #requireClientCert: boolean;
  readonly #fingerprints: ReadonlySet<string>;
  readonly #refuse: (reason: string, because: string) => void;
  readonly #waiting = new Map<string, (secured: Socket) => void>();
  #server: Server | undefined;

  constructor(
    options: TlsReceiverOptions,
    requireClientCert: boolean,
    fingerprints: ReadonlySet<string>,
    refuse: (reason: string, because: string) => void,
  ) {
    this.#options = options;
    this.#requireClientCert = requireClientCert;
    this.#fingerprints = fingerprints;
    this.#refuse = refuse;
  }

  /** Reads key and certificates; resolves with whether others can read the key. Rejects with a ListenError naming the file. */
  async prepare(place: ListenPlace): Promise<boolean> {
    const { cert, key, ca, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = this.#options;
    const files = {
      cert: await pem(place, 'cert', cert),
      key: await pem(place, 'key', key),
      ...(ca === undefined ? {} : { ca: await pem(place, 'ca', ca) }),
    };
    try {
      this.#server = createServer({
        ...files,
        minVersion: 'TLSv1.2',
        handshakeTimeout: handshakeTimeoutMs,
        // Judged by `#objection`, since Node drops the unauthorised without a word.
        requestCert: this.#requireClientCert,
        rejectUnauthorized: false,
      });
    } catch (error) {
      throw new ListenError(place, 'ETLS', `${cert} and ${key} do not work: ${(error as Error).message}`);
    }
    this.#server.on('secureConnection', (socket) => this.#secured(socket));
    this.#server.on('tlsClientError', (error, socket) => this.#failed(error, socket));
    return ((await stat(key)).mode & 0o007) !== 0;
  }

  /** Shakes hands on an accepted socket; `done` is called only when it went well. */
  begin(socket: Socket, done: (secured: Socket) => void): void {
    const name = nameOf(socket);
    this.#waiting.set(name, done);
    socket.once('close', () => this.#waiting.delete(name));
    // A TLS server takes connections that others accepted (node:tls, event `connection`).
    this.#server!.emit('connection', socket);
  }

  #secured(socket: TLSSocket): void {
    const done = this.#waiting.get(nameOf(socket));
    const objection = this.#objection(socket);
    if (objection !== undefined) this.#refuse('client-certificate', `${addressOf(socket)} ${objection}`);
    if (objection !== undefined || done === undefined) socket.destroy();
    else done(socket);
  }

  /** Why a client may not send, or undefined when it may. */
  #objection(socket: TLSSocket): string | undefined {
    if (!this.#requireClientCert) return undefined;
    const { fingerprint256 } = socket.getPeerCertificate();
    if (fingerprint256 === undefined) return 'showed no certificate';
    if (this.#fingerprints.size > 0 && !this.#fingerprints.has(fingerprint256))
      return `showed a certificate that is not in clientFingerprints: ${fingerprint256}`;
    if (this.#options.ca !== undefined && !socket.authorized)
      return `showed a certificate that ${this.#options.ca} does not vouch for (${socket.authorizationError})`;
    return undefined;
  }

  #failed(error: Error & { code?: string }, socket: TLSSocket): void {
    const who = addressOf(socket);
    if (NO_TLS.has(error.code ?? '')) this.#refuse('no-tls', `${who} does not speak TLS to a TLS port`);
    else if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT')
      this.#refuse('tls-handshake-timeout', `${who} did not finish its TLS handshake in time`);
    else
      this.#refuse('tls-handshake-failed', `${who} failed its TLS handshake: ${error.code ?? error.message}`);
    socket.destroy();
  }
}

function onExposed(exposed: boolean, name: string, onEvent: ReceiverEventSink): void {
  if (exposed)
    onEvent({ level: 'warn', message: `${name}: everybody on this machine can read its key: chmod 640 it` });
}

async function pem(place: ListenPlace, what: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ListenError(place, 'ETLS', `${what} ${path} can not be read: ${(error as Error).message}`);
  }
}

function normalFingerprint(text: string): string {
  const hex = FINGERPRINT.exec(text)?.[1];
  if (hex === undefined)
    throw new RangeError(`"${text}" is no SHA-256 fingerprint: write 32 pairs of hex digits, AB:CD:...`);
  return hex.toUpperCase();
}

function nameOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

function addressOf(socket: Socket): string {
  const { remoteAddress } = socket;
  return remoteAddress === undefined ? 'somebody' : (canonicalIp(remoteAddress) ?? remoteAddress);
}
