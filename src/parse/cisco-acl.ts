import type { FlowText } from './cisco-flow.ts';

/**
 * The four shapes of a Cisco access-list line behind its action word. IPv4 and IPv6 lists, IOS, IOS-XE and IOS XR
 * share them (Cisco IOS system message guide, SEC and IPV6_ACL): `P` with ports, `DP` ICMP with type and code, `RP` any
 * other protocol, `S` a standard list, which knows the source alone.
 */
export type AclShape = 'P' | 'DP' | 'RP' | 'S';

const HOST = '[^\\s()\\[\\],]{1,64}';
const PORT = '\\((PORT[^\\s()]{0,10})\\)';
/** IOS-XE forwarding managers put the neighbour's MAC before the source, bare or in brackets. */
const MAC =
  '(?:\\[?(?:[0-9A-Fa-f]{4}\\.){2}[0-9A-Fa-f]{4}\\]? |\\[?(?:[0-9A-Fa-f]{2}[-:]){5}[0-9A-Fa-f]{2}\\]? )?';
/** `log-input`: `(Interface)`, `(Interface )` or `(Interface circuit-or-MAC)`; on IOS-XE `Interface-> `. */
const ARROW = '(?: \\((?<logInput>[^\\s()]{1,64})(?: [^()]{0,64})?\\))?(?: (?<xeInput>[^\\s()]{1,64}?))? ?->';
/** A hash or a user's cookie may close the line. */
const COUNT = '(?<count>\\d{1,10}) packets?(?:\\s+\\[[^\\[\\]]{1,128}\\])?$';

const port = (name: string) => PORT.replace('(PORT', `(?<${name}>`);

const SHAPES: Readonly<Record<AclShape, string>> = {
  P: `(?<protocol>\\S{1,16}) ${MAC}(?<source>${HOST})${port('sourcePort')}${ARROW} (?<destination>${HOST})${port('destinationPort')}, ${COUNT}`,
  DP: `(?<protocol>\\S{1,16}) ${MAC}(?<source>${HOST})${ARROW} (?<destination>${HOST}) \\((?<icmpType>\\d{1,3})/(?<icmpCode>\\d{1,3})\\), ${COUNT}`,
  RP: `(?<protocol>\\S{1,16}) ${MAC}(?<source>${HOST})${ARROW} (?<destination>${HOST})(?: \\(\\d{1,3}\\))?, ${COUNT}`,
  S: `(?<source>${HOST}),? ${COUNT}`,
};

/** Which shape the letters behind `ACCESSLOG` stand for. */
export const ACL_SHAPES: ReadonlyMap<string, AclShape> = new Map<string, AclShape>([
  ['P', 'P'],
  ['DP', 'DP'],
  ['RP', 'RP'],
  ['SP', 'RP'],
  ['NP', 'RP'],
  ['S', 'S'],
]);

/** Anchored patterns for every shape behind the given head (list name and action word). */
export function aclPatterns(head: string): Readonly<Record<AclShape, RegExp>> {
  const pattern = (shape: AclShape) => new RegExp(`^${head} ${SHAPES[shape]}`);
  return { P: pattern('P'), DP: pattern('DP'), RP: pattern('RP'), S: pattern('S') };
}

/** The fields of a matched line. The unspecified address as destination is the router itself: no destination. */
export function aclFlow(
  groups: Readonly<Record<string, string | undefined>>,
  rule: string | undefined,
): FlowText {
  const { source, sourcePort, destination, destinationPort, protocol, icmpType, icmpCode, count } = groups;
  const toRouter = destination === '0.0.0.0' || destination === '::';
  return {
    source,
    sourcePort,
    destination: toRouter ? undefined : destination,
    destinationPort,
    protocol,
    icmpType,
    icmpCode,
    ingress: groups.logInput ?? groups.xeInput,
    rule,
    count,
  };
}
