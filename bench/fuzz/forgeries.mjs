import { hostileText } from './mutate.mjs';

/*
 * Lines with a place that a stranger writes: the packet quoted in an ICMP error, a user name, a request, a log prefix.
 * Who really sent it is 203.0.113.9 in all of them; 198.51.100.0/24 stands in the stranger's text only, and 192.0.2.0/24
 * is ours. A result that names any other source than the sender believed the stranger.
 */

/** What a sender can not write into a place, because the program that logs escapes it or stops there. */
const PLACES = [
  {
    name: 'packet quoted in an ICMP error (IPv4)',
    write: (text) =>
      `Nov  3 04:10:21 gw1 kernel: DROP IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=56 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=3 CODE=3 [SRC=192.0.2.10 DST=198.51.100.66 ${text}] `,
    never: /[\]\n\r\0]|(?:IN|OUT)=/g,
  },
  {
    name: 'packet quoted in an ICMP error (IPv6)',
    write: (text) =>
      `Nov  3 04:10:21 gw1 kernel: DROP IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=56 TOS=0x00 PREC=0x00 TTL=64 ID=1 PROTO=ICMP TYPE=11 CODE=0 [SRC=198.51.100.66 DST=198.51.100.67 LEN=40 TOS=0x00 PREC=0x00 TTL=1 ID=2 PROTO=TCP SPT=143 DPT=143 ${text}] `,
    never: /[\]\n\r\0]|(?:IN|OUT)=/g,
  },
  {
    name: 'log prefix with fields of its own',
    write: (text) =>
      `Nov  3 04:10:21 gw1 kernel: DROP SRC=198.51.100.66 DST=198.51.100.67 ${text} IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10 LEN=40 TOS=0x00 PREC=0x00 TTL=238 ID=4711 PROTO=TCP SPT=31337 DPT=143 WINDOW=1024 RES=0x00 SYN URGP=0 `,
    never: /[\n\r\0]|(?:IN|OUT)=/g,
  },
  {
    name: 'user name, sshd Invalid user',
    write: (text) => `Nov  3 04:10:21 gw1 sshd[42]: Invalid user ${text} from 203.0.113.9 port 40000`,
    never: /[\n\r\0]/g,
  },
  {
    name: 'user name, sshd Failed password',
    write: (text) =>
      `Nov  3 04:10:21 gw1 sshd[42]: Failed password for invalid user ${text} from 203.0.113.9 port 40000 ssh2`,
    never: /[\n\r\0]/g,
  },
  {
    name: 'user name, Cisco IOS login',
    write: (text) =>
      `<188>8: Mar  4 11:45:20.432: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: ${text}] [Source: 203.0.113.9] [localport: 22] [Reason: Login Authentication Failed] at 11:45:20 UTC Wed Mar 4 2026`,
    never: /[\n\r\0]/g,
  },
  {
    name: 'user name, Cisco ASA',
    write: (text) =>
      `%ASA-6-113015: AAA user authentication Rejected : reason = User was not found : local database : user = ${text} : user IP = 203.0.113.9`,
    never: /[\n\r\0]/g,
  },
  {
    name: 'request, web server',
    write: (text) =>
      `203.0.113.9 - - [23/Nov/2026:03:00:01 +0100] "GET /${text} HTTP/1.0" 404 209 "-" "${text}"`,
    never: /["\\\n\r\0]/g,
  },
  {
    name: 'name of a client, UniFi',
    write: (text) =>
      `CEF:0|Ubiquiti|UniFi Network|10.6.101|203|Blocked by Firewall|4|proto=UDP spt=5353 dpt=53 act=blocked UNIFIdstDeviceIp=192.0.2.10 UNIFIsrcClientAlias=${text} UNIFIsrcClientIp=203.0.113.9 UNIFIsrcClientMac=00:00:5e:00:53:02 msg=${text} was blocked.`,
    never: /[\n\r\0]/g,
  },
  {
    name: 'name in the DNS, portsentry',
    write: (text) =>
      `Nov  3 04:10:21 gw1 portsentry[42]: attackalert: Connect from host: ${text}/203.0.113.9 to TCP port: 143`,
    never: /[\s\0]/g,
  },
  {
    name: 'user name, MikroTik',
    write: (text) =>
      `Nov  3 04:10:21 gw1 system,error,critical login failure for user ${text} from 203.0.113.9 via ssh`,
    never: /[\n\r\0]/g,
  },
  {
    name: 'user of a PPP session, MikroTik',
    write: (text) =>
      `Nov  3 04:10:21 gw1 firewall,info drop input: in:<pppoe-${text.slice(0, 50)}> out:(unknown 0), connection-state:new proto TCP (SYN), 203.0.113.9:40000->192.0.2.10:143, len 40`,
    never: /[<>\n\r\0]/g,
  },
  {
    name: 'user name, NetScreen',
    write: (text) =>
      `Nov  3 04:10:21 gw1 ssg5: NetScreen device_id=ssg5  [Root]system-critical-00027: Multiple login failures occurred for user ${text} from IP address 203.0.113.9:1567 (2026-11-03 04:10:21)`,
    never: /[\n\r\0]/g,
  },
  {
    name: 'user name, FortiGate',
    write: (text) =>
      `date=2026-11-03 time=04:10:21 devname="fgt1" devid="FGT1" logid="0100032002" type="event" subtype="system" user="${text}" ui="ssh(203.0.113.9)" action="login" status="failed" msg="Administrator ${text} login failed"`,
    never: /["\\\n\r\0]/g,
  },
  {
    name: 'request, FortiGate',
    write: (text) =>
      `date=2026-11-03 time=04:10:21 devname="fgt1" devid="FGT1" logid="0419016384" type="utm" subtype="ips" srcip=203.0.113.9 dstip=192.0.2.10 action="dropped" proto=6 service="HTTP" attack="x" srcport=40000 dstport=80 direction="outgoing" url="/${text}" msg="x"`,
    never: /["\\\n\r\0]/g,
  },
  {
    name: 'request, FortiGate CEF',
    write: (text) =>
      `Nov  3 04:10:21 fgt1 CEF:0|Fortinet|Fortigate|v7.4.3|16384|utm:ips signature|7|deviceExternalId=FGT1 cat=utm:ips src=203.0.113.9 spt=40000 dst=192.0.2.10 dpt=80 proto=6 act=dropped request=/${text.replace(/[\\=]/g, '\\$&')} msg=x`,
    never: /[\n\r\0]/g,
  },
  {
    name: 'request, Palo Alto',
    write: (text) =>
      `Nov  3 04:10:21 pa1 1,2026/11/03 04:10:21,1,THREAT,vulnerability,1,2026/11/03 04:10:21,203.0.113.9,192.0.2.10,,,web,"${text.replaceAll('"', '""')}",,web-browsing,vsys1,untrust,dmz,,,,2026/11/03 04:10:21,1,1,40000,80,0,0,0x0,tcp,reset-both,"${text.replaceAll('"', '""')}",x(1),any,high,client-to-server,1`,
    never: /[\n\r\0]/g,
  },
  {
    name: 'user name, SonicWall',
    write: (text) =>
      `id=firewall sn=0006B1010203 time="2026-11-03 04:10:21" fw=192.0.2.10 pri=1 c=32 m=30 msg="Administrator login denied due to bad credentials" n=7 usr="${text}" src=203.0.113.9:40000:WAN dst=192.0.2.10:443:WAN`,
    never: /["\\\n\r\0]/g,
  },
];

/** The same in formats that nobody reads: whatever stands there, there is no packet and no attempt in them. */
const FOREIGN = [
  (text) => `Nov  3 04:10:21 gw1 DHCPDISCOVER from 00:00:5e:00:53:02 (${text}) via eth1`,
  (text) =>
    `Nov  3 04:10:21 gw1 dhcpd[42]: DHCPREQUEST for 203.0.113.9 from 00:00:5e:00:53:02 (${text}) via eth1`,
  (text) => `Nov  3 04:10:21 gw1 app[42]: user ${text} said hello`,
  (text) => `Nov  3 04:10:21 gw1 Invalid user ${text} from 203.0.113.9`,
  (text) => `<13>1 2026-11-03T04:10:21Z gw1 app 42 - [meta user="x"] user ${text} said hello`,
  (text) =>
    `<13>1 2026-11-03T04:10:21Z gw1 - - - - a stranger came and said that his name was ${text}, hello`,
  (text) => `Nov  3 04:10:21 gw1 CEF:0|Acme|Proxy|1|7|Request|3|src=203.0.113.9 suser=${text} msg=x`,
  (text) => `CEF:0|Acme|Proxy|1|7|Request|3|src=203.0.113.9 suser=${text} msg=x`,
  (text) => `LEEF:2.0|Acme|Proxy|1|7|^|src=203.0.113.9^usrName=${text}^msg=x`,
  (text) => `Nov  3 04:10:21 gw1 {"src":"203.0.113.9","user":${JSON.stringify(text)}}`,
  (text) => `{"src":"203.0.113.9","user":${JSON.stringify(text)}}`,
  (text) => `Nov  3 04:10:21 gw1 time=1 type=login src=203.0.113.9 user=${text} result=ok`,
].map((write) => ({ write, never: /[\n\r\0]/g }));

/** A forged line as octets; the place's own rules about what can stand there are kept. */
export function forge(random, lines) {
  const place = random.pick(random.below(3) === 0 ? FOREIGN : PLACES);
  const text = hostileText(random, lines).replace(/203\.0\.113\.|192\.0\.2\./g, '198.51.100.');
  return place.write(text.replace(place.never, ''));
}

/** Every place with a harmless text, so that a run can show first that its lines are read at all. */
export function harmless() {
  return PLACES.map(({ name, write }) => ({ name, line: write('anna') }));
}
