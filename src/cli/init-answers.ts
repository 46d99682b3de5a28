import { parseHosts } from '../rules/hosts.ts';
import { parsePorts } from '../rules/ports.ts';

/** A host to watch: what people call it (absent: the address itself) and where it is. */
export interface HostAnswer {
  readonly name?: string;
  readonly addresses: readonly string[];
}

/** What somebody has to say before knockwatch can start. */
export interface Answers {
  /** Empty: any host. */
  readonly hosts: readonly HostAnswer[];
  readonly ports: readonly string[];
  readonly to: readonly string[];
  readonly via: string;
}

/** An answer that can be used, or what to write instead. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

const HOST_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$/;
const MAIL = /^[^\s@<>,"']+@[^\s@<>,"']+$/;
const VIA = /^(?:mailbox|sendmail|smtps?:\/\/[^\s"'\\]+)$/;

const fail = (message: string) => ({ ok: false, message }) as const;
const words = (text: string) => text.split(/[\s,]+/).filter((word) => word !== '');

/** `lisa=192.0.2.10 ns1=192.0.2.53+2001:db8::53 198.51.100.0/28`; nothing, or `any`, is every host. */
export function readHosts(text: string): Read<readonly HostAnswer[]> {
  const hosts: HostAnswer[] = [];
  for (const word of words(text)) {
    if (word.toLowerCase() === 'any') continue;
    const at = word.indexOf('=');
    const name = at < 0 ? undefined : word.slice(0, at);
    const addresses = word.slice(at + 1).split('+');
    if (name !== undefined && (!HOST_NAME.test(name) || parseHosts(name).ok || name.toLowerCase() === 'any'))
      return fail(`"${name}" is not a name: letters, digits, dots, hyphens, underscores`);
    if (hosts.some((host) => name !== undefined && host.name?.toLowerCase() === name.toLowerCase()))
      return fail(`"${name}" is named twice; join its addresses with +`);
    for (const address of addresses) {
      const result = parseHosts(address);
      if (!result.ok) return fail(`${result.message}; write lisa=192.0.2.10, an address, or a network`);
    }
    hosts.push({ ...(name === undefined ? {} : { name }), addresses });
  }
  return { ok: true, value: hosts };
}

/** `imap, smb, 6000-6063`. */
export function readPorts(text: string): Read<readonly string[]> {
  const ports = words(text);
  if (ports.length === 0) return fail('at least one port is needed');
  for (const port of ports) {
    const result = parsePorts(port);
    if (!result.ok) return fail(result.message);
  }
  return { ok: true, value: ports };
}

/** Mail addresses; none is fine. */
export function readMails(text: string): Read<readonly string[]> {
  const mails = words(text);
  const wrong = mails.find((mail) => !MAIL.test(mail));
  return wrong === undefined ? { ok: true, value: mails } : fail(`"${wrong}" is not a mail address`);
}

/** How mails leave. */
export function readVia(text: string): Read<string> {
  const via = text.trim() === '' ? 'mailbox' : text.trim();
  if (!VIA.test(via))
    return fail('write smtp://user@host:587, smtps://user@host:465, sendmail, or mailbox for .eml files');
  if (via.includes('://') && URL.canParse(via) && new URL(via).password !== '')
    return fail('leave the password out of it: it belongs in $KNOCKWATCH_SMTP_PASSWORD or in passwordFile');
  if (via.includes('://') && !URL.canParse(via)) return fail(`"${via}" is not a URL`);
  return { ok: true, value: via };
}
