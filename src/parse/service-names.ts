import { namesOfPort, servicePorts } from '../lib/services.ts';

/** Names /etc/services gives the ports people scan; a firewall log has them where its printer resolves ports. */
const PORTS: ReadonlyMap<string, number> = new Map(
  [
    'echo 7 discard 9 daytime 13 chargen 19 ftp-data 20 ftp 21 ssh 22 telnet 23 smtp 25 mail 25 time 37 whois 43',
    'tacacs 49 domain 53 bootps 67 bootpc 68 tftp 69 gopher 70 finger 79 http 80 www 80 kerberos 88 kerberos-sec 88',
    'pop2 109 pop3 110 sunrpc 111 portmapper 111 auth 113 ident 113 nntp 119 ntp 123 msrpc 135 epmap 135 loc-srv 135',
    'netbios-ns 137 netbios-dgm 138 netbios-ssn 139 imap 143 imap2 143 imap4 143 snmp 161 snmptrap 162 bgp 179',
    'irc 194 ldap 389 svrloc 427 https 443 microsoft-ds 445 smtps 465 submissions 465 isakmp 500 exec 512 biff 512',
    'login 513 who 513 shell 514 syslog 514 printer 515 talk 517 route 520 router 520 uucp 540 klogin 543 kshell 544',
    'dhcpv6-client 546 dhcpv6-server 547 rtsp 554 nntps 563 submission 587 ipp 631 ldaps 636 rsync 873 ftps 990',
    'telnets 992 imaps 993 ircs 994 pop3s 995 socks 1080 openvpn 1194 ms-sql-s 1433 ms-sql-m 1434 l2tp 1701',
    'pptp 1723 radius 1812 ssdp 1900 nfs 2049 nfsd 2049 squid 3128 mysql 3306 rdp 3389 ms-wbt-server 3389',
    'ipsec-nat-t 4500 sip 5060 sips 5061 xmpp-client 5222 mdns 5353 postgresql 5432 rfb 5900 vnc 5900 x11 6000',
    'ircd 6667 http-alt 8080 webcache 8080',
  ].flatMap((row) => {
    const words = row.split(' ');
    return words.flatMap((word, i) => (i % 2 === 0 ? [[word, Number(words[i + 1])] as const] : []));
  }),
);

/** The port a service name stands for. Undefined for names not in the list. */
export function portOfService(name: string): number | undefined {
  return PORTS.get(name);
}

/** The port a program means that prints ports as services, of the list or of IANA's; undefined where that is no single port. */
export function portOfPrinted(name: string, transport: string | undefined): number | undefined {
  const known = PORTS.get(name);
  if (known !== undefined) return known;
  const ports = (servicePorts(name) ?? []).filter(
    (port) => transport === undefined || (port.transport ?? transport) === transport,
  );
  const [first] = ports;
  return ports.every(({ from, to }) => from === first?.from && to === first.from) ? first?.from : undefined;
}

/** Whether a text in the place of a port can be the name of a service, known or not. */
export function isServiceName(text: string): boolean {
  return /^[A-Za-z][\w+-]{0,31}$/.test(text);
}

/** The names a port may be printed as: all that `portOfPrinted` reads as this port, and some it does not. */
export function servicesOfPort(port: number): readonly string[] {
  const listed = [...PORTS].flatMap(([name, known]) => (known === port ? [name] : []));
  return [...new Set([...listed, ...namesOfPort(port)])];
}
