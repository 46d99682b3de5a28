import { cleanText, isHostName, plainMailbox } from './clean-text.ts';
import type { Lookup } from './lookup.ts';
import { type Dial, dialPublic, tcpQuery } from './tcp-query.ts';

export interface WhoisOptions {
  /** Asked first; knows which registry has the address. */
  readonly server?: string;
  readonly dial?: Dial;
}

const PORT = 43;
/** Read from one server; registries put long remarks in front. What is shown is less, see cleanText. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_REFERRALS = 3;

/** WHOIS (RFC 3912), following referrals from the IANA's server to the registry that has the address. */
export function whois({ server = 'whois.iana.org', dial = dialPublic }: WhoisOptions = {}): Lookup {
  return {
    name: 'whois',
    label: 'Whois',
    async lookUp(ip, signal) {
      const asked = new Set<string>();
      let answered = '';
      let host: string | undefined = server;
      let answer = '';
      while (host !== undefined && asked.size <= MAX_REFERRALS && !asked.has(host)) {
        asked.add(host);
        try {
          answer = (await tcpQuery(dial(host, PORT), queryFor(host, ip), MAX_ANSWER_BYTES, signal)).toString(
            'utf8',
          );
          answered = host;
        } catch (error) {
          // What the server before said is better than nothing.
          if (answer === '') throw error;
          break;
        }
        host = referral(answer);
      }
      const text = cleanText(withoutRemarks(answer));
      if (text === '') return undefined;
      const abuse = abuseContacts(answer);
      return { text: `${answered} says:\n${text}`, ...(abuse.length === 0 ? {} : { abuse }) };
    },
  };
}

/** ARIN shows the network and its contacts only when asked so; the others take the bare address. */
function queryFor(host: string, ip: string): string {
  return host === 'whois.arin.net' ? `n + ${ip}` : ip;
}

/** The server an answer points to: `refer:` and `whois:` (IANA), `ReferralServer: whois://` (ARIN), by its name and on the usual port only. */
function referral(answer: string): string | undefined {
  const match =
    /^(?:refer|whois|ReferralServer):[ \t]*(?:r?whois:\/\/)?([a-z0-9.-]{4,253})(?::43)?\/?[ \t]*\r?$/im.exec(
      answer,
    );
  const host = match?.[1]?.toLowerCase();
  return host?.includes('.') && isHostName(host) && !/\.\d+$/.test(host) ? host : undefined;
}

function withoutRemarks(answer: string): string {
  return answer
    .split('\n')
    .filter((line) => !/^[%#]/.test(line))
    .join('\n');
}

/** Abuse addresses as registries write them: RIPE and APNIC, ARIN, RIPE's remark, LACNIC. */
function abuseContacts(answer: string): string[] {
  const found = new Set<string>();
  const patterns = [
    /^% Abuse contact for '[^'\n]{1,80}' is '([^'\n]{3,254})'/gim,
    /^(?:abuse-mailbox|OrgAbuseEmail|RAbuseEmail):[ \t]*([^\s]{3,254})/gim,
  ];
  for (const pattern of patterns) {
    for (const [, text] of answer.matchAll(pattern)) {
      const mailbox = plainMailbox(text!);
      if (mailbox !== undefined && found.size < 5) found.add(mailbox.toLowerCase());
    }
  }
  return [...found];
}
