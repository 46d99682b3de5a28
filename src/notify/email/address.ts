const MAX_RECIPIENTS = 100;
/** RFC 5322 3.2.3 dot-atom; no quoted local parts, comments, groups or routes: each has been an injection once. */
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Checks an address from the configuration and gives it back. Throws TypeError saying what is wrong with it. */
export function mailAddress(text: string, what: string): string {
  const fault = faultOf(text);
  if (fault !== undefined) throw new TypeError(`${what}: ${JSON.stringify(text.slice(0, 80))} ${fault}`);
  return text;
}

/** Checks a list of recipients: 1 to 100 plain addresses, none twice. Throws TypeError naming the first that is wrong. */
export function mailAddresses(texts: readonly string[], what: string): readonly string[] {
  if (texts.length === 0) throw new TypeError(`${what}: no recipient`);
  if (texts.length > MAX_RECIPIENTS) {
    throw new TypeError(`${what}: ${texts.length} recipients, at most ${MAX_RECIPIENTS}; use a mailing list`);
  }
  return [...new Set(texts.map((text) => mailAddress(text, what)))];
}

function faultOf(text: string): string | undefined {
  if (text.length > 254) return 'is longer than 254 characters';
  const at = text.lastIndexOf('@');
  if (at < 1) return 'is not an address: write name@example.org';
  const local = text.slice(0, at);
  const domain = text.slice(at + 1);
  if (local.length > 64 || !LOCAL.test(local))
    return 'has a local part other than plain letters, digits and signs';
  // Where a program takes addresses as arguments, a dash in front would make it an option.
  if (local.startsWith('-')) return 'begins with a dash';
  if (/[^\0-\x7f]/.test(domain)) return 'has a domain that is not ASCII: write it as xn--...';
  return domain.split('.').every((label) => LABEL.test(label)) ? undefined : 'has a domain that is none';
}
