import { ciscoAsa } from './cisco-asa.ts';
import { ciscoIos } from './cisco-ios.ts';
import type { Device } from './device.ts';
import { iptables } from './iptables.ts';
import { nftables } from './nftables.ts';
import { opnsense } from './opnsense.ts';
import { pf } from './pf.ts';

/** Every device a configuration can be written for. */
export const DEVICES: readonly Device[] = [ciscoIos, ciscoAsa, iptables, nftables, pf, opnsense];
