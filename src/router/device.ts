import type { PortRange } from '../rule.ts';

/** Where the device shall send its log. */
export interface Collector {
  /** Canonical address. */
  readonly address: string;
  readonly port: number;
  readonly protocol: 'udp' | 'tcp';
}

/** Ports of one destination to deny and log, for one transport. */
export interface Watched {
  readonly family: 4 | 6;
  /** Canonical address or CIDR network. */
  readonly destination: string;
  /** What people call it. */
  readonly name?: string;
  /** `any`: every packet to the destination; `ports` is empty then. */
  readonly transport: 'tcp' | 'udp' | 'any';
  /** Ascending, not overlapping, without `transport`. */
  readonly ports: readonly Pick<PortRange, 'from' | 'to'>[];
  /** Ids of the rules that watch it. */
  readonly rules: readonly string[];
}

/** All a device's configuration is written from. */
export interface RouterPlan {
  readonly collector: Collector;
  readonly watched: readonly Watched[];
  /** What the rules watch and the device is not told, a sentence each. */
  readonly omitted: readonly string[];
  /** Interface the strangers come in by; the device's usual one when absent. Letters, digits, `/ . _ : -`. */
  readonly interfaceName?: string;
  /** Netfilter only: log to this NFLOG group instead of the kernel's ring. */
  readonly nflogGroup?: number;
}

/** A kind of device and how its configuration is written. A new one is a file beside this and a line in index.ts. */
export interface Device {
  /** What `--for` takes. */
  readonly name: string;
  readonly title: string;
  /** What a comment line begins with. */
  readonly comment: string;
  /** The configuration, a line each; pure, and safe whatever names the rule files hold. */
  render(plan: RouterPlan): string[];
}
