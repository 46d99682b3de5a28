import type { Action } from '../types.ts';
import { clfTime } from './body-time.ts';
import type { PrefixVerdict } from './parser.ts';
import { actionOf, actionOfPhrase, actionOfPrefix } from './verdicts.ts';

/** What a log prefix says about the line. The kernel's LOG target only logs: the verdict is the prefix's word. */
export interface PrefixReading {
  readonly action: Action;
  readonly vendor: string;
  readonly product: string;
  /** The prefix without brackets, trailing colon and blanks; absent when the rule has none. */
  readonly rule?: string;
  /** True when the prefix is a producer's own form or one the site listed, and not a guess by words. */
  readonly known: boolean;
  /** When it was logged, where the prefix says so, milliseconds since the epoch. */
  readonly stampMs?: number;
}

interface Producer {
  readonly vendor: string;
  readonly product: string;
  /** Anchored; group `rule`, and `verdict` where the form has a place for it (else the words of `rule` decide). */
  readonly form: RegExp;
}

/** Prefix forms of firewalls built on netfilter, the more special first. */
const PRODUCERS: readonly Producer[] = [
  {
    // What `knockwatch router` writes (src/router/forwarding.ts).
    vendor: 'Linux',
    product: 'iptables',
    form: /^(?<rule>KNOCKWATCH DROP)(?=[:\s]|$)/,
  },
  {
    vendor: 'Canonical',
    product: 'ufw',
    form: /^\[(?<rule>UFW [A-Z0-9 ]{1,32})\]/,
  },
  {
    vendor: 'VyOS',
    product: 'VyOS',
    form: /^\[(?<rule>ipv[46]-[^\]\s]{1,64}-(?<verdict>[ADR]))\]/,
  },
  {
    // [WAN_LOCAL-D-2147483647] DESCR="text of the administrator"
    vendor: 'Ubiquiti',
    product: 'UniFi',
    form: /^\[(?<rule>[^\]\s]{1,64}-(?<verdict>[ADR])-\d{1,10})\]/,
  },
  {
    vendor: 'Ubiquiti',
    product: 'EdgeOS',
    form: /^\[(?<rule>[^\]\s]{1,64}-(?:\d{1,10}|default)-(?<verdict>[ADR]))\]/,
  },
  {
    vendor: 'Shorewall',
    product: 'Shorewall',
    form: /^(?<rule>Shorewall6?:[^:\s]{0,64}:(?:\d{1,6}:)?(?<verdict>[\w+-]{1,32}))/,
  },
  {
    vendor: 'SUSE',
    product: 'SuSEfirewall2',
    form: /^(?<rule>(?:SFW2|SuSE-FW)-(?:\w{1,16}-)?(?<verdict>DROP|ACC|ACCEPT|REJECT|ILL|ILLEGAL)(?![A-Za-z])[\w-]{0,48})/,
  },
  {
    vendor: 'firewalld',
    product: 'firewalld',
    form: /^(?<rule>(?:filter_)?(?:FINAL|STATE_INVALID|CT_INVALID|rpfilter|(?:IN|OUT|FWD[IO]?)_[\w-]{1,64})_(?<verdict>ACCEPT|DROP|REJECT|DENY))(?=[:\s]|$)/,
  },
  {
    // fw4 writes "reject wan in: ", fw3 the same in capitals, before that "REJECT(src wan)"
    vendor: 'OpenWrt',
    product: 'OpenWrt',
    form: /^(?<rule>(?<verdict>reject|drop|accept|REJECT|DROP|ACCEPT)(?:\((?:src|dest) \w{1,32}\)| \w{1,32} (?:in|out|forward)))(?=[:\s]|$)/,
  },
  {
    // VMID LOGLEVEL CHAIN date [policy ]VERDICT:
    vendor: 'Proxmox',
    product: 'Proxmox',
    form: /^\d{1,10} \d (?<rule>\S{1,64}) \d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}(?: (?:policy )?(?<verdict>[\w-]{1,32}):)?/,
  },
];

const LONGEST_PREFIX = 256;
const LONGEST_RULE = 64;
/** Of a syslog header that decode did not understand and left in front of `kernel:`. */
const LONGEST_HEADER = 160;

/** A firewall has a handful of prefixes and logs each of them all day: what was read once is kept, per site list. */
const READINGS = new WeakMap<readonly PrefixVerdict[], Map<string, PrefixReading>>();
const MOST_READINGS = 512;

/**
 * Reads the text in front of the packet header: kernel uptime and log prefix. A prefix the site listed wins (longest
 * first), then the producer's own place for the verdict, then its words; no word or contradicting words say `unknown`.
 */
export function readPrefix(text: string, site: readonly PrefixVerdict[]): PrefixReading {
  const prefix = stripUptime(text).trim().slice(0, LONGEST_PREFIX);
  const readings = readingsOf(site);
  const known = readings.get(prefix);
  if (known !== undefined) return known;
  const reading = readAnew(prefix, site);
  readings.set(prefix, reading);
  return reading;
}

function readingsOf(site: readonly PrefixVerdict[]): Map<string, PrefixReading> {
  const kept = READINGS.get(site);
  if (kept !== undefined && kept.size < MOST_READINGS) return kept;
  const fresh = new Map<string, PrefixReading>();
  READINGS.set(site, fresh);
  return fresh;
}

function readAnew(prefix: string, site: readonly PrefixVerdict[]): PrefixReading {
  const verdict = actionOfPrefix(prefix, site);
  const form = producerForm(prefix);
  const rule = form?.rule ?? bareRule(prefix);
  const action = verdict ?? form?.action ?? actionOfPhrase(prefix);
  return {
    action,
    vendor: form?.vendor ?? 'Linux',
    product: form?.product ?? 'iptables',
    ...(rule === '' ? {} : { rule }),
    ...(form?.product === 'Proxmox' ? stampOf(prefix) : {}),
    known: verdict !== undefined || form !== undefined,
  };
}

function producerForm(prefix: string) {
  for (const { vendor, product, form } of PRODUCERS) {
    const groups = form.exec(prefix)?.groups;
    if (groups === undefined) continue;
    const rule = groups.rule ?? '';
    const action = 'verdict' in groups ? actionOfVerdict(groups.verdict ?? '') : actionOfPhrase(rule);
    return { vendor, product, rule, action };
  }
  return undefined;
}

function actionOfVerdict(word: string): Action {
  const action = actionOf(word, 'netfilter-letter');
  return action === 'unknown' ? actionOfPhrase(word) : action;
}

/** `[50028442.088484] ` and `[  203.842973] `: the kernel's clock, in front of the prefix. */
function stripUptime(text: string): string {
  const kernel = text.lastIndexOf('kernel:', LONGEST_HEADER);
  const rest = kernel < 0 ? text : text.slice(kernel + 7);
  return rest.replace(/^\s{0,8}\[\s{0,12}\d{1,12}\.\d{1,9}\]/, '');
}

function bareRule(prefix: string): string {
  return prefix
    .replace(/^\[|\]$/g, '')
    .replace(/[:\s]{1,8}$/, '')
    .slice(0, LONGEST_RULE);
}

/** Proxmox says in front of its verdict when it logged the packet. */
function stampOf(prefix: string): { readonly stampMs?: number } {
  const stampMs = clfTime(/ (\d\d\/\w{3}\/\d{4}:[\d:]{8} [+-]\d{4})(?: |$)/.exec(prefix)?.[1] ?? '');
  return stampMs === undefined ? {} : { stampMs };
}
