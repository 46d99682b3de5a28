import { createHmac } from 'node:crypto';

/** `whsec_` in front says that the rest is base64. */
const PREFIX = 'whsec_';

/**
 * Headers of the Standard Webhooks specification (standardwebhooks.com), which has libraries for checking them: the id stays
 * the same when the request is repeated, the signature is HMAC-SHA256 over `id.timestamp.body`.
 */
export function signatureHeaders(
  id: string,
  body: string,
  secret: string,
  nowMs: number,
): Record<string, string> {
  const key = secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), 'base64')
    : Buffer.from(secret);
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
