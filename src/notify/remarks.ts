import { visible } from '../lib/escape.ts';
import { canonicalIp, classifyIp, type IpClass } from '../lib/ip.ts';
import type { Incident } from '../types.ts';
import { countedOf, hasPackets, isLonePacket } from './counted.ts';
import { asSentence, listOf, plural } from './words.ts';

const MAX_REMARKS = 12;

/** Kinds of address that can not be a real sender out there, or only one nearby. */
const ODD_SOURCES: Partial<Record<IpClass, string>> = {
  private: 'a private address: somebody inside, or forged',
  loopback: 'a loopback address: forged',
  'link-local': 'a link-local address: a machine on the same wire, or forged',
  multicast: 'a multicast address: forged',
  broadcast: 'the broadcast address: forged',
  unspecified: 'the unspecified address: forged',
  reserved: 'a reserved address: forged',
};

/** What a reader should hold against the evidence: the detectors' remarks, then what follows from the attempts' nature. */
export function remarksOn(incident: Incident): string[] {
  const remarks = incident.remarks.map((remark) => visible(remark, 400));
  for (const source of incident.sources.slice(0, 5)) {
    const address = canonicalIp(source);
    const odd = address === undefined ? undefined : ODD_SOURCES[classifyIp(address)];
    if (odd !== undefined) remarks.push(`${source} is ${odd}`);
  }
  const forgeable = hasPackets(incident)
    ? incident.transports.filter((transport) => transport !== 'tcp')
    : [];
  if (incident.sources.length > 1) {
    const addresses = hasPackets(incident) ? 'the addresses they claim' : 'their addresses';
    remarks.push(
      `${plural(incident.sources.length, 'source')} are told apart by nothing but ${addresses}: blame none of them on this evidence alone`,
    );
  }
  if (forgeable.length > 0) {
    remarks.push(`the sender of ${visible(listOf(forgeable, 5), 80)} packets is easily forged`);
  } else if (incident.kind !== 'repeat' && incident.transports.length > 0 && hasPackets(incident)) {
    remarks.push('the source address is what the packets claim; only a completed connection would prove it');
  }
  if (isLonePacket(incident)) {
    remarks.push('one packet to one host is more often a typing error than a probe');
  }
  if (incident.overflow > 0) {
    remarks.push(
      `${plural(incident.overflow, countedOf(incident.kinds).noun)} named hosts, ports or sources beyond those that are told apart: the numbers of them here are lower bounds`,
    );
  }
  return remarks.map(asSentence).slice(0, MAX_REMARKS);
}
