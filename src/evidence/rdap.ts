import { z } from 'zod';
import { visible } from '../lib/escape.ts';
import { plainMailbox } from './clean-text.ts';
import type { Lookup, LookupAnswer } from './lookup.ts';

export interface RdapOptions {
  /** Asked first; the default redirects to the registry that has the address. */
  readonly baseUrl?: string;
  /** Hosts a redirect may lead to, beside the one of `baseUrl`. */
  readonly allowedHosts?: readonly string[];
  readonly fetch?: typeof fetch;
}

/** The five regional registries and the national ones they hand over to. */
const REGISTRIES: readonly string[] = [
  'rdap.arin.net',
  'rdap.db.ripe.net',
  'rdap.apnic.net',
  'rdap.lacnic.net',
  'rdap.afrinic.net',
  'rdap.registro.br',
  'jpnic.rdap.apnic.net',
  'rdap.krnic.or.kr',
  'rdap.idnic.net',
];
const MAX_BODY_BYTES = 512 * 1024;
const MAX_REDIRECTS = 3;
const MAX_DEPTH = 4;
const MAX_ENTITIES = 200;

const text = z.string().catch('');
const network = z.object({
  handle: text,
  name: text,
  country: text,
  startAddress: text,
  endAddress: text,
  entities: z.array(z.unknown()).catch([]),
});
const entity = z.object({
  roles: z.array(z.string()).catch([]),
  /** jCard (RFC 7095): `["vcard", [["email", {}, "text", "abuse@example.net"], ...]]` */
  vcardArray: z
    .tuple([
      z.literal('vcard'),
      z.array(z.tuple([z.string(), z.unknown(), z.string(), z.unknown()]).rest(z.unknown())),
    ])
    .catch(['vcard', []]),
  entities: z.array(z.unknown()).catch([]),
});

/** RDAP (RFC 9082, RFC 9083) by HTTPS: the registered network, its holder, and the address for complaints. */
export function rdap(options: RdapOptions = {}): Lookup {
  const {
    baseUrl = 'https://rdap.arin.net/registry',
    allowedHosts = REGISTRIES,
    fetch: get = fetch,
  } = options;
  const base = new URL(baseUrl);
  const allowed = new Set([...allowedHosts, base.host]);
  return {
    name: 'rdap',
    label: 'Registry (RDAP)',
    async lookUp(ip, signal) {
      let url = new URL(`${base.href.replace(/\/$/, '')}/ip/${ip}`);
      for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
        const response = await get(url, {
          signal,
          redirect: 'manual',
          headers: { accept: 'application/rdap+json, application/json' },
        });
        if (response.status < 300 || response.status >= 400) return answerOf(response, ip);
        await response.body?.cancel();
        url = new URL(response.headers.get('location') ?? '', url);
        if (url.protocol !== base.protocol || !allowed.has(url.host)) {
          throw new Error(`redirected to ${visible(url.host, 100)}, which is no registry`);
        }
      }
      throw new Error('redirected too often');
    },
  };
}

async function answerOf(response: Response, ip: string): Promise<LookupAnswer | undefined> {
  if (response.status === 404) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the registry answered ${response.status}`);
  }
  const parsed = network.safeParse(JSON.parse(await bounded(response)));
  if (!parsed.success) throw new Error('the registry answered with something else');
  const { handle, name, country, startAddress, endAddress, entities } = parsed.data;
  const found = { holders: new Set<string>(), abuse: new Set<string>(), left: MAX_ENTITIES };
  collect(entities, found, 0);
  const word = (value: string) => visible(value, 100);
  const lines = [
    `Network:   ${startAddress === '' ? ip : `${word(startAddress)} - ${word(endAddress)}`} ${word(name)} ${word(handle)}`.trimEnd(),
    ...(country === '' ? [] : [`Country:   ${word(country)}`]),
    ...[...found.holders].slice(0, 3).map((holder) => `Holder:    ${holder}`),
    ...[...found.abuse].map((mailbox) => `Abuse:     ${mailbox}`),
  ];
  return { text: lines.join('\n'), ...(found.abuse.size === 0 ? {} : { abuse: [...found.abuse] }) };
}

/** Entities stand inside entities; both the depth and the number are somebody else's choice. */
function collect(
  entities: readonly unknown[],
  found: { readonly holders: Set<string>; readonly abuse: Set<string>; left: number },
  depth: number,
): void {
  for (const candidate of entities) {
    const parsed = entity.safeParse(candidate);
    if (!parsed.success || found.left-- <= 0) continue;
    const { roles, vcardArray, entities: inner } = parsed.data;
    for (const [property, , , value] of vcardArray[1]) {
      if (typeof value !== 'string') continue;
      if (property === 'fn' && roles.includes('registrant')) found.holders.add(visible(value.trim(), 100));
      const mailbox = property === 'email' && roles.includes('abuse') ? plainMailbox(value) : undefined;
      if (mailbox !== undefined && found.abuse.size < 5) found.abuse.add(mailbox.toLowerCase());
    }
    if (depth < MAX_DEPTH) collect(inner, found, depth + 1);
  }
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > MAX_BODY_BYTES)
      throw new Error(`the registry's answer is longer than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}
