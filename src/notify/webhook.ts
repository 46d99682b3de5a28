import { formatDuration } from '../lib/duration.ts';
import { oneLine } from '../lib/escape.ts';
import { limitedTo } from '../lib/limited-to.ts';
import type { Alert } from '../types.ts';
import type { Channel, SendResult } from './channel.ts';
import type { WebhookOptions } from './options.ts';
import { FORMS, topicOf } from './webhook/forms.ts';
import { signatureHeaders } from './webhook/signature.ts';

const TIMEOUT_MS = 15_000;
/** A reply is read for its first words only. */
const MAX_REPLY_BYTES = 64 * 1024;
const MAX_BECAUSE = 300;
/** RFC 9110 and RFC 6585: request timeout, too early, too many requests. They pass; other 4xx do not. */
const PASSING = new Set([408, 425, 429]);

/**
 * A POST to an address of somebody's service. The address is a secret with most services and appears in no message. Redirects
 * are not followed: they would carry the alert, and its signature, wherever the answer says.
 */
export class WebhookChannel implements Channel {
  readonly kind = 'webhook';
  readonly name: string;
  readonly #options: WebhookOptions;
  readonly #url: URL;
  readonly #now: () => number;

  /** Throws TypeError for an address that is none. */
  constructor(options: WebhookOptions, now: () => number = Date.now) {
    this.name = options.name;
    this.#options = options;
    this.#url = urlOf(options);
    this.#now = now;
  }

  async send(alert: Alert, signal: AbortSignal): Promise<SendResult> {
    const { form = 'json', secret, token, timeoutMs = TIMEOUT_MS } = this.#options;
    const nowMs = this.#now();
    const { url, body } = FORMS[form](alert, this.#url, nowMs);
    const limit = limitedTo(timeoutMs, signal);
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'knockwatch',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(secret === undefined ? {} : signatureHeaders(alert.id, body, secret, nowMs)),
        },
        body,
        signal: limit.signal,
      });
      return judged(response.status, this.#clean(await firstWords(response)));
    } catch (error) {
      const because = limit.expired()
        ? `no answer within ${formatDuration(timeoutMs)}`
        : this.#clean(messageOf(error));
      return { ok: false, retry: true, because: `${this.#url.origin}: ${because}` };
    } finally {
      limit.clear();
    }
  }

  async close(): Promise<void> {}

  /** One line without our secrets, should the other side repeat them. */
  #clean(text: string): string {
    const { secret, token, url } = this.#options;
    const path = this.#url.pathname + this.#url.search;
    const secrets = [url, path.length > 1 ? path : undefined, secret, token];
    const clean = secrets.reduce<string>(
      (said, hidden) => (hidden ? said.replaceAll(hidden, '[secret]') : said),
      text,
    );
    return oneLine(clean, MAX_BECAUSE);
  }
}

/** No message repeats the address. */
function urlOf({ name, url: text, form }: WebhookOptions): URL {
  const fault = (what: string) => new TypeError(`channel ${name}: url ${what}; write https://host/path`);
  if (!URL.canParse(text)) throw fault('is not an address');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw fault('is neither https nor http');
  if (url.username !== '' || url.password !== '') throw fault('has a user or password: use token');
  if (form === 'ntfy' && !/^[-_A-Za-z0-9]{1,64}$/.test(topicOf(url))) throw fault('does not end in a topic');
  return url;
}

/** 2xx is delivered; 5xx and a few others may pass; everything else, redirects included, needs somebody to mend it. */
function judged(status: number, said: string): SendResult {
  const because = `HTTP ${status}${said === '' ? '' : `: ${said}`}`;
  if (status >= 200 && status < 300) return { ok: true, because };
  if (status >= 300 && status < 400)
    return { ok: false, retry: false, because: `HTTP ${status}, a redirect, is not followed` };
  return { ok: false, retry: status >= 500 || PASSING.has(status), because };
}

/** The beginning of a reply. The status has decided already: a body that never ends, or breaks off, changes nothing. */
async function firstWords({ body }: Response): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.length;
      // Leaving the loop ends the transfer.
      if (length >= MAX_REPLY_BYTES) break;
    }
  } catch {
    // What came is enough.
  }
  return Buffer.concat(chunks).subarray(0, MAX_REPLY_BYTES).toString('utf8');
}

/** `fetch failed` says nothing; its cause does. */
function messageOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (cause === undefined) return message;
  return cause.code === undefined
    ? (cause.message ?? message)
    : `${cause.message ?? message} (${cause.code})`;
}
