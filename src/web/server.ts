import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { secureHeaders } from 'hono/secure-headers';
import { openFileLimit } from '../lib/open-file-limit.ts';
import { api } from './api.ts';
import { assets, PAGE_DIR } from './assets.ts';
import { type GuardOptions, guard, refuseOpenBind, type WebEnv } from './guard.ts';
import { LiveFeed, type LiveOptions, liveEvent } from './live.ts';
import type { PageSource } from './source.ts';

export interface WebOptions extends GuardOptions {
  readonly port: number;
  readonly source: PageSource;
  /** The metrics in the exposition format of Prometheus, and its content type. */
  readonly metrics: () => Promise<{ readonly text: string; readonly type: string }>;
  /** Hears of faults of the server itself. */
  readonly onFault?: (because: string) => void;
  readonly live?: LiveOptions & { readonly everyMs?: number };
  /** Where the page's files are. */
  readonly pageDir?: string;
}

/** How often the live feed tells what is new. */
const LIVE_MS = 1_000;
const MAX_CONNECTIONS = 256;
/** The part of the process's descriptors that the page may take: strangers must not keep the store and mails from theirs. */
const SHARE_OF_DESCRIPTORS = 1 / 8;

/** Nothing from elsewhere, nothing inline: what a log line says can not become code. */
const CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
  requireTrustedTypesFor: ["'script'"],
  trustedTypes: ["'none'"],
};

/** The page, its JSON, the live feed, metrics and health, on one address. `start` and `stop` own the socket and the timer. */
export class WebServer {
  readonly #options: WebOptions;
  readonly #live: LiveFeed;
  readonly #server: Server;
  #timer: NodeJS.Timeout | undefined;

  /** Throws when the address is reached from other machines and there is no token. Opens nothing. */
  constructor(options: WebOptions) {
    refuseOpenBind(options);
    this.#options = options;
    this.#live = new LiveFeed(options.live);
    this.#server = createAdaptorServer({
      fetch: this.#app().fetch,
      overrideGlobalObjects: false,
      serverOptions: {
        maxHeaderSize: 16_384,
        headersTimeout: 10_000,
        requestTimeout: 20_000,
        connectionsCheckingInterval: 2_000,
        keepAliveTimeout: 5_000,
      },
    }) as Server;
    this.#server.maxConnections = Math.min(
      MAX_CONNECTIONS,
      Math.floor(openFileLimit() * SHARE_OF_DESCRIPTORS),
    );
    this.#server.maxHeadersCount = 100;
  }

  /** Listens. Rejects with a sentence that says what to do. */
  start(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const hint =
          error.code === 'EADDRINUSE' ? 'another program has it; choose another web.port' : error.message;
        reject(new Error(`the page can not listen on ${host}:${port}: ${hint}`));
      });
      this.#server.listen(port, host, () => {
        this.#server
          .removeAllListeners('error')
          .on('error', (error) => this.#options.onFault?.(error.message));
        this.#timer = setInterval(() => this.#tick(), this.#options.live?.everyMs ?? LIVE_MS);
        resolve();
      });
    });
  }

  /** Ends the streams, closes the socket. Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#live.close();
    if (!this.#server.listening) return;
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  /** What it is bound to, while it listens. */
  get address(): { readonly host: string; readonly port: number } | undefined {
    const address = this.#server.address() as AddressInfo | null;
    return address === null ? undefined : { host: address.address, port: address.port };
  }

  /** Pages that are open. */
  get clients(): number {
    return this.#live.clients;
  }

  #app(): Hono<WebEnv> {
    const { source, metrics } = this.#options;
    const app = new Hono<WebEnv>();
    app.use(
      secureHeaders({
        contentSecurityPolicy: CONTENT_SECURITY_POLICY,
        xFrameOptions: 'DENY',
        referrerPolicy: 'no-referrer',
        strictTransportSecurity: false,
      }),
    );
    app.use(guard(this.#options));
    app.use(async (c, next) => {
      await next();
      if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-cache');
    });
    app.get('/healthz', (c) => c.text('ok\n'));
    app.get('/readyz', (c) => (source.overview().ready ? c.text('ready\n') : c.text('not ready\n', 503)));
    app.get('/metrics', async (c) => {
      const { text, type } = await metrics();
      return c.text(text, 200, { 'Content-Type': type });
    });
    app.get('/api/live', (c) => this.#live.join(c, liveEvent('now', this.#now(0))));
    app.use('/api/*', etag());
    app.route('/api', api(source));
    app.route('/', assets(this.#options.pageDir ?? PAGE_DIR));
    app.notFound((c) => c.text('Nothing is here.\n', 404));
    app.onError((error, c) => {
      this.#options.onFault?.(error.message);
      return c.text('Something went wrong; the log says what.\n', 500);
    });
    return app;
  }

  #sentLine = 0;

  /** The head of the page and the lines since the last event. */
  #now(after: number): unknown {
    const lines = this.#options.source.lines(after);
    return { overview: this.#options.source.overview(), lines };
  }

  #tick(): void {
    const last = this.#options.source.lines(this.#sentLine).at(-1)?.id ?? this.#sentLine;
    if (this.#live.clients > 0) this.#live.publish(liveEvent('now', this.#now(this.#sentLine)));
    this.#sentLine = last;
  }
}
