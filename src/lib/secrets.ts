/** Keys of the configuration whose values nobody else may read. */
const SECRET_KEYS: ReadonlySet<string> = new Set(['password', 'secret', 'token', 'url']);

const CREDENTIALS = /(:)([^\s@"'`]+)(?=@)/g;
const VALUES = new RegExp(
  `\\b((?:${[...SECRET_KEYS].join('|')})["']?\\s*:\\s*)("[^"]*"|'[^']*'|{[^}]*}|\\[[^\\]]*]|[^\\s,}\\]]+)`,
  'gi',
);

/** What stands in the place of a secret. */
export const HIDDEN = '***';

/** Whether what stands behind a key is a secret; the address of a webhook is one too. */
export function isSecretKey(key: unknown): boolean {
  return SECRET_KEYS.has(String(key));
}

/** A piece of a configuration with every secret in it starred out, as wide as before: names and passwords in URLs, and values of secret keys. */
export function withoutSecrets(text: string): string {
  const starred = (_: string, before: string, secret: string) => before + '*'.repeat(secret.length);
  return text.replace(CREDENTIALS, starred).replace(VALUES, starred);
}
