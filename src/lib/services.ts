import { IANA_SERVICES } from './iana-services.ts';

/** A port, or a run of them, a service name stands for. `transport` absent means TCP and UDP alike. */
export interface ServicePort {
  readonly from: number;
  readonly to: number;
  readonly transport?: string;
}

/**
 * What administrators say, in both directions: the name a port is shown with, and the ports a name means.
 * These win over IANA, whose registry calls 80 `www-http`, 445 `microsoft-ds` and 3389 `ms-wbt-server`.
 */
const EVERYDAY = `
ftp 21
ssh 22
telnet 23
smtp 25
dns 53
dhcp 67-68/udp
tftp 69
http 80
kerberos 88
pop3 110
portmap 111
ntp 123
rpc 135
netbios-ns 137
netbios-dgm 138
netbios-ssn 139
imap 143
snmp 161
snmptrap 162
ldap 389
https 443
smb 445
smtps 465/tcp
isakmp 500
exec 512/tcp
login 513/tcp
shell 514/tcp
lpd 515
ipp 631
submission 587
ldaps 636
rsync 873
imaps 993
pop3s 995
socks 1080
openvpn 1194
mssql 1433
mssql-browser 1434
oracle 1521
pptp 1723
mqtt 1883
ssdp 1900
nfs 2049
docker 2375-2376/tcp
etcd 2379-2380/tcp
mysql 3306
rdp 3389
iscsi 3260
svn 3690
ipsec-nat-t 4500
upnp 5000
sip 5060
sips 5061
mdns 5353
postgres 5432
adb 5555
amqp 5672
vnc 5900
winrm 5985-5986
x11 6000-6063
redis 6379
kubernetes-api 6443
irc 6667
http-alt 8080
https-alt 8443
mqtts 8883
elasticsearch 9200
kubelet 10250
memcached 11211
mongodb 27017
`;

/** Further spellings, understood but never shown. A name here may mean several ports. */
const SPELLINGS = `
smb 139 445
cifs 139 445
netbios 137-139
samba 137-139 445
www 80
web 80 443
ssl 443
tls 443
domain 53
bootps 67
bootpc 68
rlogin 513/tcp
rsh 514/tcp
rexec 512/tcp
r-services 512-514/tcp
sunrpc 111
rpcbind 111
msrpc 135
ms-sql 1433
sqlserver 1433
sql-server 1433
postgresql 5432
pgsql 5432
mariadb 3306
remote-desktop 3389
terminal-server 3389
ms-rdp 3389
ike 500
ipsec 500 4500
wsman 5985
printer 515
jetdirect 9100
memcache 11211
mongo 27017
elastic 9200
k8s 6443
k8s-api 6443
kubernetes 6443
rdesktop 3389
proxy 3128 8080
squid 3128
mail 25 110 143
syslog 514/udp
syslog-tls 6514
x-window 6000-6063
xwindow 6000-6063
`;

interface Tables {
  /** name -> ports, own spellings first, then IANA. */
  readonly ports: ReadonlyMap<string, readonly ServicePort[]>;
  /** `143`, `513/tcp` -> the name shown. */
  readonly names: ReadonlyMap<string, string>;
}

let tables: Tables | undefined;

/** The ports a service name means (`imap`, `smb`, `login`), any letter case; undefined for a name nobody knows. */
export function servicePorts(name: string): readonly ServicePort[] | undefined {
  tables ??= readTables();
  return tables.ports.get(name.toLowerCase());
}

/** The name people use for a port, by transport (`tcp` when not given): 143 `imap`, 513/tcp `login`, 514/udp `syslog`. */
export function serviceName(port: number, transport = 'tcp'): string | undefined {
  tables ??= readTables();
  return tables.names.get(`${port}/${transport}`) ?? tables.names.get(String(port));
}

/** Every name `servicePorts` understands, for suggestions. */
export function serviceNames(): Iterable<string> {
  tables ??= readTables();
  return tables.ports.keys();
}

/** Every name that means this port, alone or beside others; looked for without the tables, since that is quicker for a few ports. */
export function namesOfPort(port: number): string[] {
  const own = [...tableLines(SPELLINGS), ...tableLines(EVERYDAY)].flatMap(([name, ranges]) =>
    ranges.some(({ from, to }) => from <= port && port <= to) ? [name] : [],
  );
  const iana = IANA_SERVICES.matchAll(new RegExp(`^${port}(?:/\\w+)? (\\S+)$`, 'gm'));
  return [...own, ...Array.from(iana, ([, name = '']) => name)];
}

/** Reads the tables on first use; most runs of the program ask for a handful of names. */
function readTables(): Tables {
  const ports = new Map<string, readonly ServicePort[]>();
  const names = new Map<string, string>();
  for (const [name, ranges] of tableLines(SPELLINGS)) ports.set(name, ranges);
  for (const [name, ranges] of tableLines(EVERYDAY)) {
    if (!ports.has(name)) ports.set(name, ranges);
    for (const { from, to, transport } of ranges)
      for (let port = from; port <= to; port++)
        for (const key of transport === undefined ? [`${port}/tcp`, `${port}/udp`] : [`${port}/${transport}`])
          names.set(key, name);
  }
  addIana(ports, names);
  return { ports, names };
}

function* tableLines(table: string): Generator<[name: string, ranges: ServicePort[]]> {
  for (const line of table.trim().split('\n')) {
    const [name = '', ...ports] = line.split(' ');
    yield [name, ports.map(readRange)];
  }
}

function readRange(text: string): ServicePort {
  const [numbers = '', transport] = text.split('/');
  const [from = '', to = from] = numbers.split('-');
  return { from: Number(from), to: Number(to), ...(transport === undefined ? {} : { transport }) };
}

/** IANA fills what the tables above do not say; a name registered for several ports means all of them. */
function addIana(ports: Map<string, readonly ServicePort[]>, names: Map<string, string>): void {
  const registered = new Map<string, ServicePort[]>();
  for (const line of IANA_SERVICES.trim().split('\n')) {
    const [key = '', name = ''] = line.split(' ');
    const ranges = registered.get(name);
    if (ranges === undefined) registered.set(name, [readRange(key)]);
    else ranges.push(readRange(key));
    if (!names.has(key)) names.set(key, name);
  }
  for (const [name, ranges] of registered) if (!ports.has(name)) ports.set(name, ranges);
}
