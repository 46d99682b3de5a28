import { describe, expect, it } from 'vitest';
import { corpusFiles, hasCorpora, logLinesOf, parseLine } from '../support/corpora.ts';

/*
 * What becomes of every public sample line: how many of each file are attempts, notices of loss, ignored, malformed and
 * unknown. A change of any number is a change of what the program reads, and has to be meant.
 */
const COUNTS = `
  reads lost ignd malf unkn
      2    0    2    0    0  crowdsec-hub/cef-logs/cef-logs.log
      0    0    0    0    4  crowdsec-hub/dropbear-logs/dropbear-logs.log
      3    0    0    1    0  crowdsec-hub/iptables-logs/iptables-logs.log
     49    0    0    0    0  crowdsec-hub/iptables-scan-multi-port/iptables-scan-multi-port.log
      8    0    0    0    0  crowdsec-hub/mikrotik-bf/mikrotik-bf.log
      7    0    0    0    0  crowdsec-hub/mikrotik-logs/mikrotik-logs.log
     19    0    0    0    0  crowdsec-hub/mikrotik-scan-multi_ports/mikrotik-scan-multi_ports.log
     10    0    0    0    0  crowdsec-hub/opnsense-sshd/opnsense-sshd.log
      2    0    0    0    0  crowdsec-hub/palo-alto-threat/palo-alto-threat.log
      0    0    0    0    2  crowdsec-hub/pam-logs/pam-logs.log
      9    0    0    0    0  crowdsec-hub/pf-logs/pf-logs.log
     16    0    0    0    0  crowdsec-hub/pf-scan-multi-port/pf-scan-multi-port.log
      4    0    0    0    0  crowdsec-hub/pfsense-rfc5424-filterlog/pfsense-rfc5424-filterlog.log
     10    0    0    0    0  crowdsec-hub/proxmox-iptables-logs/proxmox-iptables.log
      6    0    0    0    0  crowdsec-hub/ssh-bf/ssh-bf.log
     22    0    0    0    0  crowdsec-hub/ssh-slow-bf/ssh-slow-bf.log
      6    0    0    0    0  crowdsec-hub/sshd-invalid-bf/sshd-invalid-bf.log
      0    0    6    0    0  crowdsec-hub/sshd-logs-fp/sshd-logs.log
     22    0    2    0    0  crowdsec-hub/sshd-logs/sshd-logs.log
      1    0    0    0    0  crowdsec-hub/sshd-refused-conn/sshd-refused-conn.log
      4    0    0    0    0  crowdsec-hub/sshd-success-logs/sshd-success-logs.log
      3    0    0    0    0  crowdsec-hub/syslog-logs/syslog-logs.log
      0    0    0    0    4  crowdsec-hub/tcpdump-logs/tcpdump-logs.log
      2    0    1    0    0  crowdsec-hub/unifi-cef/cef-logs.log
      4    0    0    0    0  crowdsec-hub/unifi-logs/unifi-logs.log
      3    0    0    0    0  fail2ban/bsd/syslog-plain.txt
     10    0    0    0    0  fail2ban/bsd/syslog-v.txt
      5    0    0    0    0  fail2ban/bsd/syslog-vv.txt
      2    0    0    0    0  fail2ban/portsentry
      3    0    1    0    0  fail2ban/routeros-auth
      4    0    0    0    0  fail2ban/scanlogd
    109    0   44    2   11  fail2ban/sshd
     90    0   37    2   10  fail2ban/sshd-journal
      2    0    0    0    0  fail2ban/xinetd-fail
     25    0   10    1    7  logstash-patterns/messages.jsonl
      4    0    0    0    5  opnsense-filterlog/filter_corrupt.log
     27    0    0   22    1  opnsense-filterlog/filter_mixed.log
     20    0    0    0    0  opnsense-filterlog/filter_valid.log
     25    0    7    7    1  ossec/decoder-comment-samples.log
      4    0    1    0    0  ossec/pix.ini
     11    1    7    0    0  plaso-winfirewall/firewall.log
    302    0    0    0    0  psad/fin_scan_1000_1150
      5    0    0    0    0  psad/invalid_icmp_type_code
      4    0    0    0    0  psad/ipv4_igmp
      5    0    0    0    0  psad/ipv4_valid_ping
      2    0    0    0    0  psad/ipv6_ping_scan
     11    0    0    0    0  psad/mirai_default_credentials_scan
      2    0    0    0    0  psad/ms_sql_server_sig_match
    510    0    0    0    0  psad/proto_scan
   1002    0    0    0    0  psad/syn_scan_1000_1500
      6    0    0    0    0  psad/syslog_time_fmt1.log
    302    0    0    0    0  psad/udp_scan_1000_1150
      0    0    0    0    1  rsyslog/fuzz-corpus/rfc3164-basic
      0    0    0    0    1  rsyslog/fuzz-corpus/rfc3164-no-pri
      0    0    0    0    1  rsyslog/fuzz-corpus/rfc3164-rfc3339
      0    0    0    0    1  rsyslog/fuzz-corpus/rfc3164-short
      0    0    0    0    1  rsyslog/fuzz-corpus/rfc5424-basic
      0    0    0    0    1  rsyslog/fuzz-corpus/rfc5424-escaped-sd
      0    0    0    0    1  rsyslog/fuzz-corpus/rfc5424-nil
     33    0   91    3   47  sc4s/lines.jsonl
      0    0    0    0    2  wazuh-ruleset/decoder-comment-samples/0015-aix-ipsec.log
     14    1   54    0    0  wazuh-ruleset/decoder-comment-samples/0064-cisco-asa.log
      2    0   11    2    0  wazuh-ruleset/decoder-comment-samples/0065-cisco-ios.log
     14    0   13    0    0  wazuh-ruleset/decoder-comment-samples/0100-fortigate.log
      2    0    0    3    0  wazuh-ruleset/decoder-comment-samples/0140-kernel.log
      3    0    0    0    2  wazuh-ruleset/decoder-comment-samples/0165-netscreen.log
      4    0    0    0    0  wazuh-ruleset/decoder-comment-samples/0180-openbsd.log
     13    0    6    4    0  wazuh-ruleset/decoder-comment-samples/0210-pix.log
      0    0    0    3    0  wazuh-ruleset/decoder-comment-samples/0290-solaris.log
      4    0    4    0    0  wazuh-ruleset/decoder-comment-samples/0295-sonicwall.log
     16    0   23    2    1  wazuh-ruleset/decoder-comment-samples/0310-ssh.log
      3    0    0    0    0  wazuh-ruleset/decoder-comment-samples/0335-telnet.log
      1    0    0    0    0  wazuh-ruleset/decoder-comment-samples/0455-pfsense.log
      6    0    3    0    1  wazuh-ruleset/decoder-comment-samples/0490-junos.log
      0    0    0    0    4  wazuh-ruleset/log-entries/204
      0    0    2    0    0  wazuh-ruleset/log-entries/301
     13    0    0    3    3  wazuh-ruleset/log-entries/403
      0    0    1    0    1  wazuh-ruleset/log-entries/408
      6    0    0    0    1  wazuh-ruleset/log-entries/409
      2    0    4    0    1  wazuh-ruleset/log-entries/access-control
      0    0   25    0    0  wazuh-ruleset/log-entries/cisco-ios-ids
      9    0    0    0    0  wazuh-ruleset/log-entries/ciscoios
      7    0    8    0    0  wazuh-ruleset/log-entries/ftpd
      0    0    0    0    3  wazuh-ruleset/log-entries/kernel
      0    0    0    0   11  wazuh-ruleset/log-entries/ns1
    345    0    0    0    0  wazuh-ruleset/log-entries/sshd
      9    0    6    0    0  wazuh-ruleset/log-entries/telnetd
     10    0    2    0    3  wazuh-ruleset/log-entries/unkown
      4    0    4    0    0  wazuh-ruleset/tests/SonicWall.ini
     16    1   70    0    0  wazuh-ruleset/tests/cisco_asa.ini
      2    0    3    0    0  wazuh-ruleset/tests/cisco_ios.ini
      0    0    0    0    3  wazuh-ruleset/tests/firewalld.ini
      2    0    1    0    0  wazuh-ruleset/tests/junos.ini
      1    0    3    0    0  wazuh-ruleset/tests/netscreen.ini
      0    0    0    4    0  wazuh-ruleset/tests/paloalto.ini
      0    0    1    0    4  wazuh-ruleset/tests/pam.ini
      7    0   21    0    0  wazuh-ruleset/tests/sshd.ini
      0    0    2    0    4  wazuh-ruleset/tests/syslog.ini
`;

type Outcome = 'attempt' | 'loss' | 'ignored' | 'malformed' | 'unknown';
const OUTCOMES: readonly Outcome[] = ['attempt', 'loss', 'ignored', 'malformed', 'unknown'];

/** Lines that are not read, and why that is right. */
const REASONS: readonly { readonly file?: RegExp; readonly line: RegExp; readonly because: string }[] = [
  // unknown: formats nobody has asked for
  { file: /dropbear/, line: /./, because: 'dropbear, and its tag is lost' },
  {
    line: /PAD\S*D|^\(|VERSION:v1:|WinFileService/,
    because: 'load generators, a web firewall, a file server',
  },
  {
    file: /tcpdump-logs/,
    line: /IP .*Flags \[/,
    because: 'tcpdump without -e: whether the packet passed, and which rule logged it, is not in the line',
  },
  {
    line: /kqueue error|syslogd: restart|cron\[|prg0|useradd|NetworkManager|mib2d|rpd\[|mgd |UI_DBASE/,
    because: 'about the logging host itself',
  },
  {
    line: /switch: |logread\[|SNMP_TRAP|ESWD_|app: EVENT|kernel: (?!.*(?:IN|OUT)=)/,
    because: 'about an interface or the kernel',
  },
  { line: /rpc\.mountd|ipsec_logd/, because: 'NFS exports and AIX IPsec' },
  { line: /firewalld: /, because: 'firewalld about its own commands' },
  { line: /pam_\w+[():]/, because: "PAM's word on an attempt the daemon reports itself" },
  { line: /imapd\[|ipop3d\[|sendmail\[/, because: 'mail servers' },
  { file: /rsyslog/, line: /./, because: 'samples of syslog headers, with nothing behind them' },
  {
    file: /logstash/,
    line: /Switching to|Accessed URL|^30202\d|\|30202\d|Built dynamic|No matching connection/,
    because: 'bodies of ASA messages whose tag is lost',
  },
  // unknown: no lines at all
  {
    line: /^#|^> ?|^ {4}\/\*|^(?:\d+\.|XX\.)[\d.X]+(?::\d+)? ?$/,
    because: 'a heading, a comment, or the second half of a broken line',
  },
  { line: /^(?:totally|this is|just|random|ERROR|2025-10-10 not)/, because: 'made to be no log line' },
  { line: /\[Sender sshd\]/, because: 'Apple ASL' },
  // unknown: what named vendors write besides
  {
    line: /RT_(?:UTM|IDP|SYSTEM|AAMW|SECINTEL)|PFE_FW_|junos@2636|^-RT_FLOW/,
    because: 'Juniper about what a session carried, about itself; a list of names',
  },
  {
    line: /device_id=Text|^\.\.\. NetScreen|\bglobal, 53, \[FW/,
    because: 'NetScreen, without its head; its manager',
  },
  { line: /\d,\{\{ time/, because: 'Palo Alto: a template' },
  // malformed: not whole
  { line: /TRAFFIC,.*,00\.00\.000\.00,/, because: 'Palo Alto, made anonymous' },
  { line: /NetScreen device_id=netscreen2 /, because: 'NetScreen, cut behind the addresses' },
  {
    line: / XX=|IN= OUT=eth0$|IN=eth0 OUT= MAC=\S+$|DST=192\.168\.2\.11$/,
    because: 'cut, or broken on purpose',
  },
  {
    line: /##\w+##|XXX\.XXX|xx\.xx\.xx|\*\*\*\/|<public IP|x\.x\.x\.x|from \.\.\./,
    because: 'made anonymous: no address',
  },
  {
    line: /106011: .*(?:\/137|dst)$|IPACCESSLOGS:$|refused connect from\s*$|@\d+:\d+$/,
    because: 'broken in two',
  },
  {
    file: /filter_mixed/,
    line: /68,,,|61,,,|64,,,/,
    because: 'fields are missing or wrong, as the tracker says',
  },
  {
    line: /192\.030\./,
    because: 'a leading zero is octal to some programs and decimal to others: no address',
  },
  { line: /sshd\[\d+\]: Connection from \S+$/, because: 'a shape that no sshd prints: the port is missing' },
];

describe.runIf(hasCorpora)('every file of sample lines', () => {
  const outcomes = new Map<string, Record<Outcome, number>>();
  const notRead: { readonly file: string; readonly line: string }[] = [];
  for (const file of corpusFiles()) {
    const counts = { attempt: 0, loss: 0, ignored: 0, malformed: 0, unknown: 0 };
    for (const line of logLinesOf(file)) {
      const kind = parseLine(line)?.kind ?? 'unknown';
      counts[kind]++;
      if (kind === 'malformed' || kind === 'unknown') notRead.push({ file, line });
    }
    outcomes.set(file, counts);
  }

  it('is read as it was', () => {
    const rows = [...outcomes].map(([file, counts]) => {
      const [reads = 0, ...others] = OUTCOMES.map((outcome) => counts[outcome]);
      return `  ${String(reads).padStart(5)} ${others.map((n) => String(n).padStart(4)).join(' ')}  ${file}`;
    });
    expect(rows.join('\n')).toBe(COUNTS.split('\n').slice(2, -1).join('\n'));
  });

  it('has a reason for every line that is not read, and no reason without a line', () => {
    const used = new Set<string>();
    const unexplained = notRead.filter(({ file, line }) => {
      const found = REASONS.find((reason) => (reason.file?.test(file) ?? true) && reason.line.test(line));
      if (found !== undefined) used.add(found.because);
      return found === undefined;
    });
    expect(unexplained).toEqual([]);
    expect(REASONS.map(({ because }) => because).filter((because) => !used.has(because))).toEqual([]);
  });
});
