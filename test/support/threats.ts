import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipelineOptions } from '../../src/cli/pipeline-options.ts';
import { type Outcome, Pipeline } from '../../src/pipeline.ts';
import { loadRules } from '../../src/rules/load.ts';
import type { Incident } from '../../src/types.ts';
import { testConfig } from './config.ts';

/** Three watched hosts on four ports; one port on three of them within a minute is a probe. */
const RULES = `
rules:
  - id: probe
    watch: { hosts: [192.0.2.10, 192.0.2.11, 192.0.2.12], ports: [143, 139, 513, 80] }
    detect: { address-scan: { hosts: 3, within: 60s } }
    severity: high
`;

export const RECEIVED_MS = Date.parse('2026-11-23T03:00:05Z');

/** A netfilter LOG line as a firewall sends it. */
export function netfilter(source: string, host: string, port: number | string, prefix = 'DENY '): string {
  return `<4>Nov 23 03:00:00 fw kernel: [1.0] ${prefix}IN=eth0 OUT= MAC=00:00:5e:00:53:01:00:00:5e:00:53:02:08:00 SRC=${source} DST=${host} LEN=60 TOS=0x00 PREC=0x00 TTL=51 ID=1 DF PROTO=TCP SPT=40000 DPT=${port} WINDOW=64240 RES=0x00 SYN URGP=0 `;
}

/** A Cisco access list line as a router sends it. */
export function cisco(source: string, host: string, port: number | string, packets = 1): string {
  return `<190>45: Nov 23 03:00:00: %SEC-6-IPACCESSLOGP: list 102 denied tcp ${source}(40000) -> ${host}(${port}), ${packets} packet${packets === 1 ? '' : 's'}`;
}

/** The whole way from octets to incidents, as the daemon has it. */
export interface Watch {
  send(line: string | Buffer, receivedAtMs?: number): Outcome;
  /** Every incident so far, once all that is held has been judged. */
  incidents(): Incident[];
  /** Whether a good probe right now is noticed and rightly told: what came before has broken nothing. */
  stillWorks(): boolean;
}

export async function watch(settings: object = {}, rules = RULES): Promise<Watch> {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-threats-'));
  writeFileSync(join(dir, 'rules.yaml'), rules);
  const { ruleSet } = await loadRules(join(dir, 'rules.yaml'));
  rmSync(dir, { recursive: true });
  const config = testConfig({ zone: 'UTC', ...settings });
  const seen = new Map<string, Incident>();
  const pipeline = new Pipeline({
    ...pipelineOptions(config, ruleSet!, 'live'),
    onTransition: (incident) => seen.set(incident.id, incident),
  });
  let clockMs = RECEIVED_MS;
  const send = (line: string | Buffer, receivedAtMs = clockMs) => {
    clockMs = receivedAtMs;
    return pipeline.process({
      bytes: Buffer.isBuffer(line) ? line : Buffer.from(line),
      receivedAtMs,
      peer: { address: '192.0.2.1', port: 514 },
      transport: 'udp',
    });
  };
  const incidents = () => {
    pipeline.advance(clockMs + 5_000);
    return [...seen.values()];
  };
  return {
    send,
    incidents,
    stillWorks: () => {
      const source = `203.0.113.${100 + (seen.size % 100)}`;
      for (const host of [10, 11, 12]) send(netfilter(source, `192.0.2.${host}`, 513));
      return incidents().some(({ sources }) => sources.includes(source));
    },
  };
}
