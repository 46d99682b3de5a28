import type { Action } from '../types.ts';
import type { PrefixVerdict } from './parser.ts';

type Words = ReadonlyMap<string, Action>;

/**
 * What the words of firewalls mean: a packet or session that was stopped, whatever the sender was told, or one that was
 * let through, however it ended. Words that decide nothing (log, count, nat) are in no list: their action is unknown.
 */
const WORDS = words(
  'deny denied drop drops dropped reject rejected block blocked',
  'accept accepted allow allowed pass passed permit permitted',
);

/** Words that only one vendor has, or that mean something in its logs alone. */
const DIALECTS = {
  /** ASA 106100: the answer to a session that was let through. */
  'cisco-asa': words('', 'est-allowed'),
  /** Actions of access control rules, `-` for a blank. */
  'cisco-ftd': words('block-with-reset interactive-block interactive-block-with-reset', 'trust fastpath'),
  /** `status` and `action` of FortiOS traffic logs: all but deny were let through, and say how they ended. */
  'fortigate-traffic': words('', 'close timeout start ip-conn dns client-rst server-rst'),
  /** `action` and `status` of FortiOS IPS and anomaly logs: `detected` watched only. */
  'fortigate-attack': words(
    'clear_session drop_session reset reset_client reset_server',
    'detected pass_session monitored',
  ),
  /** `action` of the screens of Junos. */
  'juniper-screen': words('', 'alarm-without-drop'),
  /** A packet put into a VPN tunnel was let through. */
  netscreen: words('', 'tunnel'),
  /** "Action" of PAN-OS traffic and threat logs, `-` for a blank. */
  'palo-alto': words(
    'drop-icmp drop-packet drop-all-packets random-drop reset-client reset-server reset-both block-ip block-url sinkhole',
    'alert',
  ),
  /** `fw_action` of SonicOS. */
  sonicwall: words('', 'forward'),
  /** Letters and shortenings in the place that EdgeOS, UniFi, VyOS and SuSEfirewall2 have for the verdict. */
  'netfilter-letter': words('d r ill illegal', 'a acc'),
} satisfies Record<string, Words>;

/** Whose words they are, where a vendor has some of its own. */
export type VerdictDialect = keyof typeof DIALECTS;

/** The action a firewall's own word stands for, in either case; `unknown` for words that decide nothing. */
export function actionOf(word: string | undefined, dialect?: VerdictDialect): Action {
  if (word === undefined) return 'unknown';
  const lower = word.toLowerCase();
  const own = dialect === undefined ? undefined : DIALECTS[dialect].get(lower);
  return own ?? WORDS.get(lower) ?? 'unknown';
}

/**
 * The action named in what an administrator or a device wrote freely (a log prefix, a message); `unknown` when no word of
 * it is a verdict, or when they contradict each other.
 */
export function actionOfPhrase(phrase: string): Action {
  let said: Action = 'unknown';
  for (const word of phrase.toLowerCase().split(/[^a-z]+/)) {
    const action = WORDS.get(word);
    if (action === undefined) continue;
    if (said !== 'unknown' && said !== action) return 'unknown';
    said = action;
  }
  return said;
}

/**
 * What the site said about log prefixes that begin like this one (`prefixes:` of the configuration), the longest first;
 * undefined when it said nothing.
 */
export function actionOfPrefix(prefix: string, site: readonly PrefixVerdict[]): Action | undefined {
  let best: PrefixVerdict | undefined;
  let bestLength = -1;
  for (const entry of site) {
    const wanted = entry.prefix.trim();
    // An empty entry speaks of lines without a prefix, not of all of them.
    const matches = wanted === '' ? prefix === '' : prefix.startsWith(wanted);
    if (matches && wanted.length > bestLength) {
      best = entry;
      bestLength = wanted.length;
    }
  }
  return best?.action;
}

function words(denied: string, allowed: string): Words {
  const each = (text: string, action: Action) =>
    (text.match(/\S+/g) ?? []).map((word): [string, Action] => [word, action]);
  return new Map([...each(denied, 'denied'), ...each(allowed, 'allowed')]);
}
