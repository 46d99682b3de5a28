import { decimal, UINT16 } from './decimal.ts';

/**
 * Port literals that ASA, PIX and FWSM print instead of numbers (Cisco ASA general operations CLI guide, "Addresses,
 * protocols, and ports: TCP and UDP ports"). Where a literal has one number for tcp and another for udp the table holds
 * the tcp one, except `syslog`, `who` and `biff`, which exist for udp only.
 */
const LITERALS: ReadonlyMap<string, number> = new Map([
  ['echo', 7],
  ['discard', 9],
  ['daytime', 13],
  ['chargen', 19],
  ['ftp-data', 20],
  ['ftp', 21],
  ['ssh', 22],
  ['telnet', 23],
  ['smtp', 25],
  ['time', 37],
  ['nameserver', 42],
  ['whois', 43],
  ['tacacs', 49],
  ['domain', 53],
  ['dns', 53],
  ['dnsix', 195],
  ['bootps', 67],
  ['bootpc', 68],
  ['tftp', 69],
  ['gopher', 70],
  ['finger', 79],
  ['www', 80],
  ['http', 80],
  ['hostname', 101],
  ['pop2', 109],
  ['pop3', 110],
  ['sunrpc', 111],
  ['rpc', 111],
  ['ident', 113],
  ['nntp', 119],
  ['ntp', 123],
  ['netbios-ns', 137],
  ['netbios-dgm', 138],
  ['netbios-ssn', 139],
  ['imap4', 143],
  ['snmp', 161],
  ['snmptrap', 162],
  ['xdmcp', 177],
  ['bgp', 179],
  ['irc', 194],
  ['ldap', 389],
  ['mobile-ip', 434],
  ['https', 443],
  ['pim-auto-rp', 496],
  ['isakmp', 500],
  ['exec', 512],
  ['biff', 512],
  ['login', 513],
  ['rlogin', 513],
  ['who', 513],
  ['rsh', 514],
  ['cmd', 514],
  ['syslog', 514],
  ['lpd', 515],
  ['talk', 517],
  ['rip', 520],
  ['uucp', 540],
  ['klogin', 543],
  ['kshell', 544],
  ['rtsp', 554],
  ['ldaps', 636],
  ['kerberos', 750],
  ['lotusnotes', 1352],
  ['citrix-ica', 1494],
  ['sqlnet', 1521],
  ['radius', 1645],
  ['radius-acct', 1646],
  ['h323', 1720],
  ['pptp', 1723],
  ['nfs', 2049],
  ['ctiqbe', 2748],
  ['cifs', 3020],
  ['vxlan', 4789],
  ['sip', 5060],
  ['aol', 5190],
  ['secureid-udp', 5510],
  ['pcanywhere-data', 5631],
  ['pcanywhere-status', 5632],
]);

/** A port as ASA prints it, number or literal; -1 when it is neither. */
export function portNumber(text: string): number {
  const number = decimal(text, UINT16);
  return number >= 0 ? number : (LITERALS.get(text.toLowerCase()) ?? -1);
}

/** The literals of a port, all of them lower case. */
export function literalsOfPort(port: number): string[] {
  return [...LITERALS].filter(([, number]) => number === port).map(([literal]) => literal);
}
