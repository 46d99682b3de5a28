import type { Config } from '../config/config.ts';
import { webToken } from '../config/web-token.ts';
import type { Telemetry } from '../telemetry.ts';
import { refuseOpenBind } from '../web/guard.ts';
import type { WebOptions, WebServer } from '../web/server.ts';
import type { DaemonPageSource } from './page-source.ts';

/** The page of this daemon on its configured address, if it is to have one. */
export class PageServer {
  /** Absent when there is to be none. */
  readonly #options: WebOptions | undefined;
  #web: WebServer | undefined;
  readonly #telemetry: Telemetry;

  /** Throws for an address others can reach without a token. */
  constructor({ web }: Config, telemetry: Telemetry, source: DaemonPageSource) {
    this.#telemetry = telemetry;
    if (!web.enabled) return;
    const { host, port, allowedHosts } = web;
    const token = webToken(web);
    this.#options = {
      host,
      port,
      allowedHosts,
      ...(token === undefined ? {} : { token }),
      source,
      metrics: () => telemetry.metrics(),
      onRefused: (reason) => telemetry.dropped('web', reason),
      onFault: (because) => telemetry.log.error({ because }, 'page fault'),
      live: { onDropped: (reason) => telemetry.dropped('live', reason) },
    };
    refuseOpenBind(this.#options);
  }

  /** Pages that are open. */
  get clients(): number {
    return this.#web?.clients ?? 0;
  }

  /** Reads the code that serves it, which takes a tenth of a start. Never rejects, as `start`. */
  async load(): Promise<void> {
    if (this.#options === undefined) return;
    try {
      const { WebServer } = await import('../web/server.ts');
      this.#web = new WebServer(this.#options);
    } catch (error) {
      this.#doWithout(error as Error);
    }
  }

  /** Opens it, once loaded. Never rejects: the watch goes on without its page, since a port that is taken is no reason to be blind. */
  async start(): Promise<void> {
    try {
      await this.#web?.start();
      const address = this.#web?.address;
      if (address === undefined) return;
      const own = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address.host];
      const host = own ?? address.host;
      const others = own === undefined ? '' : ', and on every other address of this machine';
      this.#telemetry.log.info(
        `the page is at http://${host.includes(':') ? `[${host}]` : host}:${address.port}${others}`,
      );
    } catch (error) {
      this.#doWithout(error as Error);
    }
  }

  #doWithout({ message }: Error): void {
    this.#telemetry.log.error({ because: message }, 'there is no page');
  }

  async stop(): Promise<void> {
    await this.#web?.stop();
  }
}
