import { servicePorts } from '../lib/services.ts';

/** Where a daemon is reached. `port` is absent when the daemon has no port of its own (ypserv, rpc.mountd). */
export interface DaemonService {
  readonly port?: number;
  readonly transport: 'tcp' | 'udp';
}

/** Daemons by the name they log with, `in.` taken off; several implementations of one service stand in one row. */
const DAEMONS: ReadonlyMap<string, DaemonService> = new Map(
  [
    '11 systat',
    '15 netstat',
    '21 ftpd wu-ftpd wu.ftpd vsftpd proftpd pure-ftpd gssftpd gssftp',
    '22 sshd sshd1 sshd2 sshd-session dropbear',
    '23 telnetd telnet-ssl krb5-telnet',
    '25 smtpd sendmail exim exim4',
    '43 whoisd',
    '53 named',
    '67/udp bootpd dhcpd',
    '69/udp tftpd tftp',
    '70 gopherd',
    '79 fingerd cfingerd',
    '80 httpd apache apache2 nginx',
    '109 ipop2d pop2d',
    '110 ipop3d pop3d popper qpopper popa3d pop-3',
    '111 portmap rpcbind',
    '113 identd pidentd oidentd',
    '119 nntpd leafnode innd',
    '123/udp ntpd xntpd',
    '139 smbd',
    '143 imapd imap2 imap4d uw-imapd',
    '161/udp snmpd',
    '177/udp xdm gdm kdm',
    '389 slapd',
    '512 rexecd',
    '512/udp comsat',
    '513 rlogind',
    '513/udp rwhod',
    '514 rshd',
    '515 lpd',
    '517/udp talkd talk',
    '518/udp ntalkd ntalk',
    '525/udp timed',
    '540 uucpd',
    '543 klogind',
    '544 kshd',
    '548 afpd',
    '631 cupsd',
    '873 rsyncd',
    '901 swat',
    '993 imapsd',
    '995 pop3sd ipop3sd',
    '3306 mysqld',
    '5666 nrpe',
    '6566 saned',
    '10080/udp amandad amanda',
  ].flatMap((row) => {
    const [where = '', ...daemons] = row.split(' ');
    const [port = '', transport] = where.split('/');
    const service: DaemonService = { port: Number(port), transport: transport === 'udp' ? 'udp' : 'tcp' };
    return daemons.map((daemon) => [daemon, service] as const);
  }),
);

/**
 * The service behind a daemon's or an inetd service's name: `in.telnetd`, `/usr/libexec/telnetd`, `telnet` -> 23/tcp.
 * A name nobody knows has no port and is taken for TCP, which is what wrapped daemons nearly always speak.
 */
export function serviceOfDaemon(name: string): DaemonService {
  const base = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  const daemon = base.startsWith('in.') ? base.slice(3) : base;
  return (
    DAEMONS.get(daemon) ??
    serviceNamed(daemon) ??
    serviceNamed(daemon.replace(/d$/, '')) ?? { transport: 'tcp' }
  );
}

/** The service of that name, when the name means one port. */
function serviceNamed(name: string): DaemonService | undefined {
  const [only, ...others] = servicePorts(name) ?? [];
  if (only === undefined || others.length > 0 || only.from !== only.to) return undefined;
  return { port: only.from, transport: only.transport === 'udp' ? 'udp' : 'tcp' };
}
