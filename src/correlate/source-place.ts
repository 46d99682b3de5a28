import { classifyIp, networkTest } from '../lib/ip.ts';
import type { Rule } from '../rule.ts';

type Test = (ip: string) => boolean;

/** What follows from where a source is: sentences, and whether it makes an incident a level more severe. */
export interface PlaceJudgement {
  readonly remarks: readonly string[];
  readonly isWorse: boolean;
}

const IMPOSSIBLE: readonly string[] = ['loopback', 'multicast', 'broadcast', 'unspecified'];

/** Judges where sources are: impossible is forged, inside is worse, and a host the rule watches is one or the other. */
export class SourcePlace {
  readonly #isOwn: Test;
  /** Which addresses a rule watches by name, address or network; compiled when it is first asked about. */
  readonly #watched = new WeakMap<Rule, Test>();

  constructor(isOwn: Test) {
    this.#isOwn = isOwn;
  }

  judge(sourceIp: string, targetIp: string, rule: Rule): PlaceJudgement {
    const kind = classifyIp(sourceIp);
    if (sourceIp === targetIp || IMPOSSIBLE.includes(kind)) {
      const what = sourceIp === targetIp ? 'the target itself' : kind;
      return { remarks: [`impossible source (${what}): the address is forged`], isWorse: false };
    }
    const remarks: string[] = [];
    if (this.#isWatched(sourceIp, rule))
      remarks.push(
        'the source is a host you watch: impossible from outside, so either its address is forged or that machine is stolen',
      );
    if (this.#isOwn(sourceIp))
      remarks.push(
        'the source is inside your own networks: a worm or a stolen machine, so one level more severe',
      );
    return { remarks, isWorse: remarks.length > 0 };
  }

  #isWatched(ip: string, rule: Rule): boolean {
    let test = this.#watched.get(rule);
    if (test === undefined) {
      test = watchedTest(rule);
      this.#watched.set(rule, test);
    }
    return test(ip);
  }
}

/** A rule that watches any host singles nobody out. */
function watchedTest({ hosts: { addresses, networks } }: Rule): Test {
  const single = new Set(addresses);
  // A network of everything is another word for any host.
  const inNetworks = networkTest(networks.filter((network) => !network.endsWith('/0')));
  return (ip) => single.has(ip) || inNetworks(ip);
}
