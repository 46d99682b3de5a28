/** A log format as `knockwatch formats` shows it. */
export interface Format {
  /** The name of its parser. */
  readonly parser: string;
  /** Who makes what writes it. */
  readonly products: string;
  readonly reads: string;
  /** A line that the parser reads as an attempt (test/parse/formats.test.ts). */
  readonly sample: string;
}

/** Every format, in an entry beside each parser's line in the registry (index.ts). */
export const formats: readonly Format[] = [
  {
    parser: 'cisco-ios',
    products: 'Cisco IOS, IOS-XE',
    reads: 'access-list logs (IPv4 and IPv6), zone firewall and CBAC, VTY logins',
    sample:
      '<190>112: Mar  1 00:41:07.113: %SEC-6-IPACCESSLOGP: list 101 denied tcp 198.51.100.7(31337) -> 192.0.2.10(143), 1 packet',
  },
  {
    parser: 'cisco-asa',
    products: 'Cisco ASA, PIX, FWSM, FTD',
    reads: 'denied and built connections, access-list logs, FTD connection events, logins',
    sample:
      '<164>Nov 23 2026 03:00:00 fw1 : %ASA-4-106023: Deny tcp src outside:198.51.100.7/31337 dst inside:192.0.2.10/143 by access-group "outside_in" [0x0, 0x0]',
  },
  {
    parser: 'cisco-nxos',
    products: 'Cisco NX-OS',
    reads: 'access-list logs (ACLLOG)',
    sample:
      '2026 Nov 23 03:00:00 sw1 %ACLLOG-5-ACLLOG_FLOW_INTERVAL: Src IP: 198.51.100.7, Dst IP: 192.0.2.10, Src Port: 31337, Dst Port: 143, Src Intf: Ethernet1/1, Protocol: "TCP"(6), ACL Name: edge, ACE Action: Deny, Appl Intf: Vlan10, Hit-count: 1',
  },
  {
    parser: 'cisco-xr',
    products: 'Cisco IOS XR',
    reads: 'access-list logs',
    sample:
      'RP/0/RP0/CPU0:Nov 23 03:00:00.213 UTC: ipv4_acl_mgr[162]: %ACL-IPV4_ACL-6-IPACCESSLOGP : access-list edge (20) deny tcp 198.51.100.7(31337) -> 192.0.2.10(143), 1 packet',
  },
  {
    parser: 'iptables',
    products:
      'Linux netfilter (iptables, nftables, ulogd) and what is built on it: ufw, Shorewall, firewalld, OpenWrt, EdgeOS, VyOS, UniFi, SuSEfirewall2, Proxmox',
    reads: 'LOG lines; the verdict is in the log prefix, or under `prefixes` of your configuration',
    sample:
      'Nov 23 03:00:00 fw1 kernel: [88213.204299] [UFW BLOCK] IN=eth0 OUT= MAC= SRC=198.51.100.7 DST=192.0.2.10 LEN=60 TOS=0x00 PREC=0x00 TTL=49 ID=4228 DF PROTO=TCP SPT=31337 DPT=143 WINDOW=1024 RES=0x00 SYN URGP=0',
  },
  {
    parser: 'filterlog',
    products: 'pfSense, OPNsense',
    reads: 'filterlog CSV',
    sample:
      'Nov 23 03:00:00 filterlog[72237]: 5,,,1000000103,em0,match,block,in,4,0x0,,64,600,0,none,6,tcp,40,198.51.100.7,192.0.2.10,31337,143,0,S,1,,1024,,',
  },
  {
    parser: 'pf',
    products: 'pf of OpenBSD, FreeBSD, macOS',
    reads: 'pflog as tcpdump -e prints it',
    sample:
      'Nov 23 03:00:00 gw1 pf: rule 4/0(match): block in on em0: 198.51.100.7.31337 > 192.0.2.10.143: Flags [S], seq 1, win 1024, length 0',
  },
  {
    parser: 'ipfw',
    products: 'FreeBSD ipfw',
    reads: 'rules with `log`, and that a rule logs no more',
    sample: 'Nov 23 03:00:00 gw1 kernel: ipfw: 65534 Deny TCP 198.51.100.7:31337 192.0.2.10:143 in via em0',
  },
  {
    parser: 'ipmon',
    products: 'IPFilter (Solaris, NetBSD, FreeBSD)',
    reads: 'ipmon, by syslog or from its file',
    sample:
      'Nov 23 03:00:00 gw1 ipmon[118]: 03:00:00.123456 bge0 @0:12 b 198.51.100.7,31337 -> 192.0.2.10,143 PR tcp len 20 48 -S IN',
  },
  {
    parser: 'pfirewall',
    products: 'Microsoft Windows Firewall',
    reads: 'pfirewall.log, its columns as its #Fields line says',
    sample:
      '2026-11-23 03:00:00 DROP TCP 198.51.100.7 192.0.2.10 31337 143 48 S 2351482979 0 65535 - - - RECEIVE',
  },
  {
    parser: 'unifi-cef',
    products: 'Ubiquiti UniFi Network 9 and newer',
    reads: 'security events in CEF: threats, packets the firewall blocked',
    sample:
      'Nov 23 03:00:00 udm CEF:0|Ubiquiti|UniFi Network|9.4.19|201|Threat Detected and Blocked|7|proto=TCP src=198.51.100.7 spt=31337 dst=192.0.2.10 dpt=143 act=blocked UNIFIcategory=Security msg=A network intrusion attempt has been detected and blocked.',
  },
  {
    parser: 'scanlogd',
    products: 'Openwall scanlogd',
    reads: 'port scans it has put together: every port of the line is an attempt',
    sample:
      'Nov 23 03:00:00 lisa scanlogd: 198.51.100.7 to 192.0.2.10 ports 80, 81, 83, 88, 99, 443, ..., fSrpauxy, TOS 00, TTL 49 @02:59:43',
  },
  {
    parser: 'portsentry',
    products: 'portsentry 1 and 2',
    reads: 'contacts with guarded ports, by syslog or from its files',
    sample:
      'Nov 23 03:00:00 lisa portsentry[1159]: attackalert: Connect from host: 198.51.100.7/198.51.100.7 to TCP port: 143',
  },
  {
    parser: 'fortigate',
    products: 'Fortinet FortiGate',
    reads: 'traffic, IPS and anomaly logs, logins; key=value and CEF',
    sample:
      '<189>date=2026-11-23 time=03:00:00 devname="fgt1" devid="FGT60F0000000001" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=198.51.100.7 srcport=31337 srcintf="wan1" dstip=192.0.2.10 dstport=143 dstintf="dmz" proto=6 action="deny" policyid=0 service="IMAP"',
  },
  {
    parser: 'mikrotik',
    products: 'MikroTik RouterOS',
    reads: 'firewall records, their verdict from the log prefix, and logins',
    sample:
      '<134>Nov 23 03:00:00 gw1 firewall,info drop-tcp input: in:ether1 out:(unknown 0), src-mac 00:53:00:12:34:56, proto TCP (SYN), 198.51.100.7:31337->192.0.2.10:143, len 40',
  },
  {
    parser: 'palo-alto',
    products: 'Palo Alto Networks PAN-OS',
    reads: 'traffic logs, and threat logs about packets, as comma-separated values',
    sample:
      '<14>Nov 23 03:00:00 pa1 1,2026/11/23 03:00:00,001801000001,TRAFFIC,drop,2561,2026/11/23 02:59:59,198.51.100.7,192.0.2.10,0.0.0.0,0.0.0.0,interzone-default,,,not-applicable,vsys1,untrust,dmz,ethernet1/1,,Collector,2026/11/23 02:59:59,0,1,31337,143,0,0,0x0,tcp,drop,60,60,0,1,2026/11/23 02:59:58,0,any,,1234567,0x8000000000000000,198.51.100.0-198.51.100.255,192.0.2.0-192.0.2.255,,1,0,policy-deny,0,0,0,0,,pa1,from-policy',
  },
  {
    parser: 'junos-srx',
    products: 'Juniper SRX',
    reads: 'sessions denied, created and closed, and screens; plain and structured',
    sample:
      '<14>Nov 23 03:00:00 srx1 RT_FLOW: RT_FLOW_SESSION_DENY: session denied 198.51.100.7/31337->192.0.2.10/143 junos-imap 6(0) default-deny untrust trust',
  },
  {
    parser: 'netscreen',
    products: 'Juniper NetScreen, ISG, SSG',
    reads: 'traffic logs, attack alarms, failed logins',
    sample:
      '<134>Nov 23 03:00:00 fw1 ns5gt: NetScreen device_id=ns5gt  [Root]system-notification-00257(traffic): start_time="2026-11-23 02:59:58" duration=0 policy_id=120 service=tcp/port:143 proto=6 src zone=Untrust dst zone=DMZ action=Deny sent=0 rcvd=38 src=198.51.100.7 dst=192.0.2.10 src_port=31337 dst_port=143',
  },
  {
    parser: 'sonicwall',
    products: 'SonicWall SonicOS',
    reads: 'packets and connections, logins',
    sample:
      '<133>id=firewall sn=0006B1010203 time="2026-11-23 03:00:00" fw=192.0.2.1 pri=5 c=64 m=36 msg="TCP connection dropped" n=2686 src=198.51.100.7:31337:WAN dst=192.0.2.10:143:LAN rule=0',
  },
  {
    parser: 'tcp-wrappers',
    products: 'TCP Wrappers, xinetd, inetd, portmap',
    reads: 'connections let through and refused',
    sample: 'Nov 23 03:00:00 lisa in.telnetd[27798]: refused connect from 198.51.100.7',
  },
  {
    parser: 'sshd',
    products: 'OpenSSH',
    reads: 'logins and what comes before them',
    sample: 'Nov 23 03:00:00 lisa sshd[4242]: Failed password for root from 198.51.100.7 port 31337 ssh2',
  },
  {
    parser: 'login',
    products: 'login, telnetd and ftpd of Linux, the BSDs and Solaris',
    reads: 'failed logins, `loginlog` too',
    sample: 'Nov 23 03:00:00 lisa login: 3 LOGIN FAILURES FROM 198.51.100.7, root',
  },
  {
    parser: 'http',
    products: 'Apache, nginx and others',
    reads: 'access logs (common, combined, vhost_combined)',
    sample: '198.51.100.7 - - [23/Nov/2026:03:00:00 +0100] "GET /cgi-bin/phf HTTP/1.0" 404 209',
  },
  {
    parser: 'trap',
    products: 'knockwatch',
    reads: 'its own traps: ports that serve nobody',
    sample: '<134>Nov 23 03:00:00 lisa knockwatch-trap: tcp 198.51.100.7:31337 -> 192.0.2.10:143',
  },
];
