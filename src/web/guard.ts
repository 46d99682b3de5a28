import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import { canonicalIp, classifyIp } from '../lib/ip.ts';

export interface GuardOptions {
  /** Address the server listens on. */
  readonly host: string;
  readonly token?: string;
  /** Names the page may be called by, beside localhost and the address itself. */
  readonly allowedHosts: readonly string[];
  /** Hears of each request that was refused. */
  readonly onRefused?: (reason: 'host' | 'origin' | 'method' | 'token') => void;
}

export type WebEnv = { Bindings: HttpBindings };

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  const ip = canonicalIp(host);
  return host === 'localhost' || (ip !== undefined && classifyIp(ip) === 'loopback');
}

/** Throws when the page would be open to everybody who reaches this machine. */
export function refuseOpenBind({ host, token }: Pick<GuardOptions, 'host' | 'token'>): void {
  if (token !== undefined || isLoopback(host)) return;
  throw new Error(
    `web.host ${host} is reached from other machines, so a token is needed: set KNOCKWATCH_WEB_TOKEN, web.tokenFile or web.token, or listen on 127.0.0.1`,
  );
}

/**
 * Lets a request in, or says why not: the Host must be ours (DNS rebinding), a stated Origin must be the page itself, the method
 * one that changes nothing, and the token right (as Bearer, or as the password of Basic, which is what browsers ask for).
 */
export function guard(options: GuardOptions): MiddlewareHandler<WebEnv> {
  const names = new Set(
    ['localhost', options.host, ...options.allowedHosts].map((name) => name.toLowerCase()),
  );
  const digest = options.token === undefined ? undefined : sha256(options.token);
  return async (c, next) => {
    const { headers, socket } = c.env.incoming;
    const host = hostOf(headers.host);
    // An address can not be rebound: whoever asks for the very address he is connected to means this server.
    if (host === undefined || !(names.has(host) || host === canonicalIp(socket.localAddress ?? ''))) {
      options.onRefused?.('host');
      return c.text('This server does not go by that name; web.allowedHosts says which names it has.\n', 421);
    }
    if (foreign(headers.origin, headers.host!) || headers['sec-fetch-site'] === 'cross-site') {
      options.onRefused?.('origin');
      return c.text('Requests from other sites are refused.\n', 403);
    }
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      options.onRefused?.('method');
      return c.text('This page can only be read.\n', 405, { Allow: 'GET, HEAD' });
    }
    if (
      digest !== undefined &&
      !OPEN_PATHS.has(c.req.path) &&
      !timingSafeEqual(digest, sha256(tokenOf(headers.authorization)))
    ) {
      options.onRefused?.('token');
      return c.text('A token is needed: any user name, and the token as the password.\n', 401, {
        'WWW-Authenticate': 'Basic realm="knockwatch", charset="UTF-8"',
      });
    }
    return next();
  };
}

/** They say yes or no and nothing else; whoever watches over processes has no token. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** The name or canonical address of a Host header, without its port. */
function hostOf(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]{2,64})\]|([a-z0-9._-]{1,253}))(?::\d{1,5})?$/i.exec(header ?? '');
  const text = (match?.[1] ?? match?.[2])?.toLowerCase();
  return text === undefined ? undefined : (canonicalIp(text) ?? text);
}

/** Whether a stated origin is another one than the page's own; its scheme may differ behind a TLS proxy. */
function foreign(origin: string | undefined, host: string): boolean {
  return origin !== undefined && origin.replace(/^https?:\/\//, '').toLowerCase() !== host.toLowerCase();
}

function tokenOf(authorization: string | undefined): string {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ', 2);
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

/** Digests have one length, so comparing them tells nothing about the token's. */
function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
