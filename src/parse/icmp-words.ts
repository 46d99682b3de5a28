/** An ICMP message as a log wrote it in words. */
export interface IcmpMessage {
  readonly type: number;
  readonly code?: number;
}

/** Types by the keywords of pf.conf(5) `icmp-type`, of older filterlogs (`request`, `timexceed` ...) and of ipmon. */
const TYPES: ReadonlyMap<string, number> = new Map([
  ...pairs('echorep 0 reply 0 unreach 3 squench 4 redir 5 redirect 5 althost 6 echoreq 8 request 8'),
  ...pairs('routeradv 9 routersol 10 timex 11 timexceed 11 paramprob 12 timereq 13 tstamp 13'),
  ...pairs('timerep 14 tstampreply 14 inforeq 15 inforep 16 maskreq 17 maskrep 18 maskreply 18 trace 30'),
  ...pairs(
    'dataconv 31 mobredir 32 ipv6-where 33 ipv6-here 34 mobregreq 35 mobregrep 36 skip 39 photuris 40',
  ),
  // ipmon (ipmon.c of ipfilter)
  ...pairs('echoreply 0 sourcequench 4 echo 8 routeradvert 9 routersolicit 10 timxceed 11 timestamp 13'),
  ...pairs('timestampreply 14 inforeply 16'),
]);

/** The same for ICMPv6 (`icmp6-type`). */
const TYPES6: ReadonlyMap<string, number> = new Map([
  ...pairs('unreach 1 toobig 2 timex 3 paramprob 4 echoreq 128 echorep 129 listqry 130 listenrep 131'),
  ...pairs('listendone 132 routersol 133 routeradv 134 neighbrsol 135 neighbradv 136 redir 137'),
  ...pairs('routrrenum 138 niqry 139 nirep 140 listenrepv2 143 mtraceresp 200 mtrace 201'),
  ...pairs('timxceed 3 echo 128 echoreply 129 routersolicit 133 routeradvert 134 neighborsolicit 135'),
  ...pairs('neighboradvert 136 redirect 137'),
]);

/** Codes by keyword. A word means the same under every type that has it, but for those in `CODES6`. */
const CODES: ReadonlyMap<string, number> = new Map([
  ...pairs('net-unr 0 host-unr 1 proto-unr 2 port-unr 3 needfrag 4 srcfail 5 net-unk 6 host-unk 7 isolate 8'),
  ...pairs(
    'net-prohib 9 host-prohib 10 net-tos 11 host-tos 12 filter-prohib 13 host-preced 14 cutoff-preced 15',
  ),
  ...pairs('redir-net 0 redir-host 1 redir-tos-net 2 redir-tos-host 3 normal-adv 0 common-adv 16 transit 0'),
  ...pairs('reassemb 1 badhead 0 optmiss 1 badlen 2 unknown-ind 0 auth-fail 1 decrypt-fail 2'),
]);

const CODES6: ReadonlyMap<string, number> = new Map([
  ...pairs('noroute-unr 0 admin-unr 1 beyond-unr 2 addr-unr 3 port-unr 4 transit 0 reassemb 1 badhead 0'),
  ...pairs('nxthdr 1 redironlink 0 redirrouter 1'),
]);

/** Words of the older filterlog that name a type and a code at once. */
const UNREACHABLE: ReadonlyMap<string, number> = new Map(pairs('unreachproto 2 unreachport 3 needfrag 4'));

/** What tcpdump prints behind `ICMP ` and `ICMP6, `: ICMP type, ICMPv6 type. */
const PHRASES: readonly (readonly [RegExp, number | undefined, number | undefined])[] = [
  [/echo request/, 8, 128],
  [/echo reply/, 0, 129],
  [/unreachable/, 3, 1],
  [/source quench/, 4, undefined],
  [/redirect/, 5, 137],
  [/too big/, undefined, 2],
  [/time exceeded/, 11, 3],
  [/parameter problem/, 12, 4],
  [/router solicitation/, 10, 133],
  [/router advertisement/, 9, 134],
  [/neighbor sol/, undefined, 135],
  [/neighbor adv/, undefined, 136],
  [/time ?stamp (?:request|query)/, 13, undefined],
  [/time ?stamp reply/, 14, undefined],
  [/address mask request/, 17, undefined],
  [/address mask is/, 18, undefined],
];

/** A filterlog type field and, in newer ones, the code field behind it. Undefined for words it does not know. */
export function icmpOfKeywords(type: string, code: string, isIpv6: boolean): IcmpMessage | undefined {
  const unreachable = UNREACHABLE.get(type);
  if (unreachable !== undefined && !isIpv6) return { type: 3, code: unreachable };
  const number = (isIpv6 ? TYPES6 : TYPES).get(type) ?? numberIn(/^unknown\((\d{1,3})\)$/, type);
  if (number === undefined) return undefined;
  const codeNumber = (isIpv6 ? CODES6 : CODES).get(code) ?? numberIn(/^(\d{1,3})$/, code);
  return codeNumber === undefined ? { type: number } : { type: number, code: codeNumber };
}

/** tcpdump's words for an ICMP message. Undefined for words it does not know. */
export function icmpOfPhrase(phrase: string, isIpv6: boolean): IcmpMessage | undefined {
  for (const [words, type, type6] of PHRASES) {
    if (!words.test(phrase)) continue;
    const number = isIpv6 ? type6 : type;
    return number === undefined ? undefined : { type: number };
  }
  const number = numberIn(/type-#(\d{1,3})/, phrase);
  return number === undefined ? undefined : { type: number };
}

function numberIn(pattern: RegExp, text: string): number | undefined {
  const digits = pattern.exec(text)?.[1];
  return digits === undefined || Number(digits) > 255 ? undefined : Number(digits);
}

function pairs(text: string): [string, number][] {
  const words = text.split(' ');
  return words.flatMap((word, i) => (i % 2 === 0 ? [[word, Number(words[i + 1])] as [string, number]] : []));
}
