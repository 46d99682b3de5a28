import type { Device, RouterPlan, Watched } from '../../src/router/device.ts';
import { planWatched } from '../../src/router/plan.ts';
import { hosts, ports, rule, ruleSet } from '../support/rule-sets.ts';

const NAMES = new Map([
  ['192.0.2.10', 'lisa'],
  ['2001:db8::53', 'ns1'],
  ['198.51.100.0/28', 'dmz-web'],
]);

/** One host and one network, IPv4 and IPv6, with single ports, a range, one transport, and every port. */
export function samplePlan(more: Partial<RouterPlan> = {}): RouterPlan {
  const rules = [
    rule('office-probe', hosts('192.0.2.10', '2001:db8::53'), ports('143/tcp', '6000-6063/tcp', '53/udp')),
    rule('dmz', hosts('198.51.100.0/28'), ports('513/tcp')),
    rule('nobody', hosts('203.0.113.9', '2001:db8:9::/48'), ports('any')),
  ];
  return {
    ...planWatched(ruleSet(rules, { names: NAMES }), hosts()),
    collector: { address: '192.0.2.5', port: 5_514, protocol: 'udp' },
    ...more,
  };
}

/** What the device reads: the configuration without its comments. */
export function commands({ render, comment }: Device, plan: RouterPlan): string[] {
  return render(plan).filter((line) => !line.trimStart().startsWith(comment) || line.startsWith('#!'));
}

/** All the comments as one text, without the line breaks. */
export function comments({ render, comment }: Device, plan: RouterPlan): string {
  return render(plan)
    .filter((line) => line.trimStart().startsWith(comment))
    .map((line) => line.trimStart().slice(comment.length).trim())
    .join(' ');
}

/** A plan whose every name tries to end its line, its comment, its quotes. */
export function hostilePlan(): RouterPlan {
  const evil = 'x\r\nno logging on\n;rm -rf "$HOME"`id`\'\\ # ! } {';
  const entry: Watched = {
    family: 4,
    destination: '192.0.2.10',
    name: evil,
    transport: 'tcp',
    ports: [{ from: 143, to: 143 }],
    rules: [evil],
  };
  return { ...samplePlan(), watched: [entry], omitted: [`Rule ${evil} is left out`] };
}
