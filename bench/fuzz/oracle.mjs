import { canonicalIp } from '../../dist/lib/ip.js';

/** The packet an ICMP error quotes; it ends at its bracket, or where damage put another record's beginning into it. */
const QUOTED = /(?<= )\[SRC=(?:(?!IN=|OUT=)[^\]])*\]?/g;

/**
 * Every address that stands in a text by itself, canonical: with an interface or a field name
 * glued on in front, with a port behind a dot, a colon or a slash.
 */
function addressesIn(text) {
  const found = new Set();
  const keep = (candidate) => {
    const ip = canonicalIp(candidate);
    if (ip !== undefined) found.add(ip);
  };
  for (const long of text.split(/[^0-9A-Za-z:.%@_-]+/)) {
    if (long.length < 2) continue;
    const word = long.slice(0, 200);
    for (const part of new Set([word, ...word.split('@')])) {
      keep(part);
      keep(part.replace(/:$/, ''));
      keep(part.replace(/:?$/, '').replace(/\.[\w-]*$/, ''));
      for (let at = part.indexOf(':'); at >= 0; at = part.indexOf(':', at + 1)) {
        keep(part.slice(at + 1));
        keep(part.slice(0, at));
        keep(part.slice(at + 1).replace(/:$/, ''));
      }
    }
  }
  for (const token of text.match(/[0-9A-Fa-f:.]*[0-9A-Fa-f:](?:%[\w.]+)?/g) ?? []) keep(token);
  return found;
}

/** Whether an address stands in a text: at once where it is written as we write it, else by reading every word. */
function isWritten(ip, text) {
  // A colon behind an IPv4 address is its port's.
  const more = ip.includes(':') ? /[0-9A-Za-z:]/ : /[0-9A-Za-z]/;
  for (let at = text.indexOf(ip); at >= 0; at = text.indexOf(ip, at + 1)) {
    if (!/[0-9A-Za-z.]/.test(text[at - 1] ?? ' ') && !more.test(text[at + ip.length] ?? ' ')) return true;
  }
  return addressesIn(text).has(ip);
}

/** Who sent a forged line and whom he reached (forgeries.mjs). */
const TRUE_ADDRESSES = new Set(['203.0.113.9', '192.0.2.10']);

/** The sources of attempts so far. */
const seen = new WeakSet();

/**
 * What is wrong with what became of a line, or undefined. `forged`: all other addresses than these two are a stranger's.
 */
export function fault(outcome, forged) {
  const { attempt, message } = outcome;
  if (attempt === undefined) return undefined;
  // "last message repeated N times" stands for an attempt that has been looked at.
  if (message.repeated !== undefined && seen.has(attempt.source)) return undefined;
  seen.add(attempt.source);
  const { source, destination, count, parser } = attempt;
  const { text } = message;
  const header = parser === 'iptables' ? text.replace(QUOTED, ' ') : text;
  for (const { ip, port } of [source, destination]) {
    if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) return `port ${port}`;
    if (ip === undefined) continue;
    if (forged && !TRUE_ADDRESSES.has(ip)) return `believed a stranger's ${ip}`;
    if (!isWritten(ip, header)) return `named ${ip}, which is not in the line`;
  }
  if (!(count >= 1)) return `count ${count}`;
  return undefined;
}
