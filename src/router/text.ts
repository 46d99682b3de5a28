import { formatIpv4 } from '../lib/ip.ts';
import type { Collector, RouterPlan, Watched } from './device.ts';

const WIDTH = 96;

/** A name from a rule file as every dialect takes it: letters, digits, dots, hyphens and underscores, at most 60. */
export function word(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 60);
}

/** Sentences as comment lines, wrapped; control characters can not end one. */
export function comment(mark: string, ...sentences: string[]): string[] {
  return sentences.flatMap((sentence) => wrap(sentence).map((line) => `${mark} ${line}`.trimEnd()));
}

function wrap(sentence: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of sentence.replace(/[\x00-\x1f\x7f]/g, ' ').split(' ')) {
    if (line !== '' && line.length + part.length >= WIDTH) {
      lines.push(line);
      line = part;
    } else line = line === '' ? part : `${line} ${part}`;
  }
  return [...lines, line];
}

/** The first lines of every configuration: what it is, and what it leaves out. */
export function preamble(mark: string, device: string, { watched, omitted }: RouterPlan): string[] {
  const rules = [...new Set(watched.flatMap(({ rules }) => rules))];
  return [
    ...comment(mark, `Written by: knockwatch router --for ${device}`),
    ...comment(
      mark,
      watched.length === 0
        ? 'The rules give nothing to deny here; what follows sends the log of what you deny anyway.'
        : `Denies and logs what these rules watch: ${rules.map(word).join(', ')}. Look through the ports: what you serve yourself must not be among them.`,
    ),
    ...omitted.flatMap((sentence) => comment(mark, `Left out: ${sentence}`)),
  ];
}

/** `lisa (192.0.2.10): classic-probe`, for a remark above the lines of a destination. */
export function remark({ name, destination, rules }: Watched): string {
  const shown =
    rules.slice(0, 3).map(word).join(', ') + (rules.length > 3 ? ` and ${rules.length - 3} more` : '');
  return name === undefined ? `${destination}: ${shown}` : `${word(name)} (${destination}): ${shown}`;
}

/** Entries of one family; a device often has a list for each. */
export function ofFamily(plan: RouterPlan, family: 4 | 6): Watched[] {
  return plan.watched.filter((entry) => entry.family === family);
}

/** `143`, `6000:6063`. */
export function portText({ from, to }: Watched['ports'][number], between: string): string {
  return from === to ? String(from) : `${from}${between}${to}`;
}

/** `192.0.2.5:5514`, `[2001:db8::5]:5514`. */
export function collectorText({ address, port }: Collector): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Address and dotted netmask of an IPv4 destination; the mask of a single address is 255.255.255.255. */
export function netmask(destination: string): {
  readonly address: string;
  readonly mask: string;
  readonly wildcard: string;
} {
  const [address = '', prefix = '32'] = destination.split('/');
  const bits = Number(prefix) === 0 ? 0 : (0xffff_ffff << (32 - Number(prefix))) >>> 0;
  return { address, mask: formatIpv4(bits), wildcard: formatIpv4(~bits >>> 0) };
}
