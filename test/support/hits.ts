import type { Action, Hit, ParsedAttempt } from '../../src/types.ts';

/** A hit for correlator tests: who knocked where and when (seconds), everything else as a firewall would log it. */
export function hit(
  source: string,
  host: string,
  port: number,
  atSeconds: number,
  extra: Partial<ParsedAttempt> & { readonly ruleId?: string; readonly sequence?: number } = {},
): Hit {
  const { ruleId = 'r', sequence = 0, ...fields } = extra;
  const action: Action = 'denied';
  return {
    ruleId,
    host: { ip: host },
    port,
    sourceIp: source,
    attempt: {
      kind: 'packet',
      action,
      parser: 'iptables',
      vendor: 'Linux',
      product: 'iptables',
      source: { ip: source, port: 40_000 },
      destination: { ip: host, port },
      transport: 'tcp',
      protocolNumber: 6,
      count: 1,
      ...fields,
      atMs: atSeconds * 1_000,
      timeSource: 'device',
      observer: { address: '192.0.2.1', hostname: 'gw1' },
      line: { sequence },
    },
  };
}
