import { describe, expect, it } from 'vitest';
import { read } from './read.ts';

const AT = { format: 'rfc3164', timestamp: '2026-11-23T03:00:00Z' };
const PACKET = 'IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.10';

describe('a line with a time stamp', () => {
  it.each([
    [
      'host, tag and pid',
      'fw1 sshd[7]: Failed',
      { hostname: 'fw1', appName: 'sshd', procId: '7', message: 'Failed' },
    ],
    ['no pid', "fw1 su: 'su root' failed", { hostname: 'fw1', appName: 'su', message: "'su root' failed" }],
    ['no host', 'filterlog[72237]: 146,,,', { appName: 'filterlog', procId: '72237', message: '146,,,' }],
    ['no host, no pid', 'filterlog: 82,,,', { appName: 'filterlog', message: '82,,,' }],
    ['no host, tag in brackets', '[sshd]: User root', { appName: 'sshd', message: 'User root' }],
    ['no tag', 'fw1 something happened', { hostname: 'fw1', message: 'something happened' }],
    ['nothing but one word', 'fw1', { message: 'fw1' }],
    ['nothing', '', { message: '' }],
    [
      'no space after the colon',
      'fw1 sshd[7]:Failed',
      { hostname: 'fw1', appName: 'sshd', procId: '7', message: 'Failed' },
    ],
    [
      'no colon after the pid',
      'fw1 sshd[7] Failed',
      { hostname: 'fw1', appName: 'sshd', procId: '7', message: 'Failed' },
    ],
    [
      'a pid that is none',
      'fw1 cron[pid]: x',
      { hostname: 'fw1', appName: 'cron', message: 'x', procId: 'pid' },
    ],
    ['the pid -', 'fw1 app[-]: x', { hostname: 'fw1', appName: 'app', message: 'x' }],
    [
      'a PAM tag',
      'fw1 login(pam_unix)[9]: x',
      { hostname: 'fw1', appName: 'login(pam_unix)', procId: '9', message: 'x' },
    ],
    [
      'a path for a tag',
      'fw1 /usr/sbin/cron[9]: x',
      { hostname: 'fw1', appName: '/usr/sbin/cron', procId: '9', message: 'x' },
    ],
    [
      'an IPv4 host',
      '192.0.2.1 in.telnetd[9]: x',
      { hostname: '192.0.2.1', appName: 'in.telnetd', procId: '9', message: 'x' },
    ],
    ['an IPv6 host', '2001:db8::1 kernel: x', { hostname: '2001:db8::1', appName: 'kernel', message: 'x' }],
    [
      'an IPv6 host that ends in colons',
      '2001:db8:: kernel: x',
      { hostname: '2001:db8::', appName: 'kernel', message: 'x' },
    ],
    ['an underscore', 'sw_1 app: x', { hostname: 'sw_1', appName: 'app', message: 'x' }],
    [
      'a host written twice',
      'gw1 gw1 sshd[7]: x',
      { hostname: 'gw1', appName: 'sshd', procId: '7', message: 'x' },
    ],
    [
      'a host written short and long',
      'gw1 gw1.example.net sshd[7]: x',
      { hostname: 'gw1', appName: 'sshd', procId: '7', message: 'x' },
    ],
    ['a host that begins like the tag', 'su sudo: x', { hostname: 'su', appName: 'sudo', message: 'x' }],
    [
      'an access point',
      'U7PG2,788a20000001,v4.0: logread[5]: x',
      { hostname: 'U7PG2,788a20000001,v4.0', appName: 'logread', procId: '5', message: 'x' },
    ],
    [
      'the message of a kernel about a program',
      'fw1 kernel: sshd[7]: segfault',
      { hostname: 'fw1', appName: 'kernel', message: 'sshd[7]: segfault' },
    ],
    ['a time closed by a colon', ': app[7]: x', { appName: 'app', procId: '7', message: 'x' }],
  ])('%s', (_, rest, expected) => {
    expect(read(`Nov 23 03:00:00${rest.startsWith(':') ? '' : ' '}${rest}`)).toEqual({ ...AT, ...expected });
  });

  it.each([
    [
      'kernel tag',
      `fw1 kernel: DENY: ${PACKET}`,
      { hostname: 'fw1', appName: 'kernel', message: `DENY: ${PACKET}` },
    ],
    [
      'kernel uptime',
      `fw1 kernel: [   75.515173] DENY ${PACKET}`,
      { hostname: 'fw1', appName: 'kernel', message: `[   75.515173] DENY ${PACKET}` },
    ],
    ['no kernel tag', `fw1 DENY ${PACKET}`, { hostname: 'fw1', message: `DENY ${PACKET}` }],
    [
      'a prefix that looks like a tag',
      `fw1 DENY: ${PACKET}`,
      { hostname: 'fw1', message: `DENY: ${PACKET}` },
    ],
    ['neither host nor kernel tag', `DENY: ${PACKET}`, { message: `DENY: ${PACKET}` }],
    ['no prefix', `fw1 ${PACKET}`, { hostname: 'fw1', message: PACKET }],
    ['no prefix and no host', PACKET, { message: PACKET }],
    [
      'a prefix glued to the packet',
      `fw1 Shorewall:net2fw:DROP:${PACKET}`,
      { hostname: 'fw1', message: `Shorewall:net2fw:DROP:${PACKET}` },
    ],
    [
      'a prefix in brackets',
      `fw1 [UFW BLOCK] ${PACKET}`,
      { hostname: 'fw1', message: `[UFW BLOCK] ${PACKET}` },
    ],
    [
      'a rule name in brackets',
      `gw1 gw1 [WAN_LOCAL-D-1] DESCR="a: b" ${PACKET}`,
      { hostname: 'gw1', message: `[WAN_LOCAL-D-1] DESCR="a: b" ${PACKET}` },
    ],
    [
      'a MikroTik chain',
      'gw1 input: in:ether1 out:x',
      { hostname: 'gw1', message: 'input: in:ether1 out:x' },
    ],
    [
      'MikroTik topics',
      'firewall,info drop input: in:ether1',
      { message: 'firewall,info drop input: in:ether1' },
    ],
    ['key=value records', 'date=2026-11-23 time=03:00:00', { message: 'date=2026-11-23 time=03:00:00' }],
    [
      'comma-separated records',
      'pa1 1,2026/11/23 03:00:00,007,TRAFFIC',
      { hostname: 'pa1', message: '1,2026/11/23 03:00:00,007,TRAFFIC' },
    ],
    [
      'CEF',
      'gw1 CEF:0|Vendor|Product|1|201|Threat|7|act=blocked',
      { hostname: 'gw1', message: 'CEF:0|Vendor|Product|1|201|Threat|7|act=blocked' },
    ],
    ['CEF without a host', 'CEF:0|Vendor|Product', { message: 'CEF:0|Vendor|Product' }],
    ['pflog text', 'rule 4/(match) block in on lo0: x', { message: 'rule 4/(match) block in on lo0: x' }],
    [
      'a host called rule',
      'rule sshd[7]: x',
      { hostname: 'rule', appName: 'sshd', procId: '7', message: 'x' },
    ],
  ])('keeps every word of the message: %s', (_, rest, expected) => {
    expect(read(`Nov 23 03:00:00 ${rest}`)).toEqual({ ...AT, ...expected });
  });

  it.each([
    [
      '<4.3> gw1 sshd[7]: x',
      { pri: 'stated 4.3', hostname: 'gw1', appName: 'sshd', procId: '7', message: 'x' },
    ],
    [
      '<auth.info> gw1 sshd[7]: x',
      { pri: 'stated 4.6', hostname: 'gw1', appName: 'sshd', procId: '7', message: 'x' },
    ],
    [
      'gw1 in.telnetd[7]: [ID 927837 local2.info] connect from x',
      {
        pri: 'stated 18.6',
        hostname: 'gw1',
        appName: 'in.telnetd',
        procId: '7',
        msgId: '927837',
        message: 'connect from x',
      },
    ],
  ])('reads the priority that syslogd wrote into the line: %s', (rest, expected) => {
    expect(read(`Nov 23 03:00:00 ${rest}`)).toEqual({ ...AT, ...expected });
  });

  it('keeps the PRI of the wire beside a Solaris message id', () => {
    expect(read('<38>Nov 23 03:00:00 gw1 app[7]: [ID 1 local2.info] x')).toMatchObject({
      pri: 'stated 4.6',
      msgId: '1',
      message: 'x',
    });
  });

  it('reads logread of OpenWrt: weekday, year, facility and no host', () => {
    expect(read(`Mon Nov 23 03:00:00 2026 kern.warn kernel: [9.1] reject wan in: ${PACKET}`)).toEqual({
      ...AT,
      pri: 'stated 0.4',
      appName: 'kernel',
      message: `[9.1] reject wan in: ${PACKET}`,
    });
  });

  it('reads RSYSLOG_FileFormat', () => {
    expect(read('2026-11-23T03:00:00.045015+00:00 gw1 kernel: x')).toEqual({
      format: 'rfc3164',
      timestamp: '2026-11-23T03:00:00.045Z',
      hostname: 'gw1',
      appName: 'kernel',
      message: 'x',
    });
  });

  it('takes a date with a space for a header only in front of a host and a tag', () => {
    expect(read('2026-11-23 03:00:00 gw1 kernel: x')).toEqual({
      ...AT,
      hostname: 'gw1',
      appName: 'kernel',
      message: 'x',
    });
    const record =
      '2026-11-23 03:00:00 DROP TCP 203.0.113.9 192.0.2.10 40000 143 60 S 1 0 64240 - - - RECEIVE';
    expect(read(record)).toEqual({ format: 'bare', message: record });
  });
});

describe('a line without a time stamp', () => {
  it.each([
    [`<4>kernel: DENY ${PACKET}`, { pri: 'stated 0.4', appName: 'kernel', message: `DENY ${PACKET}` }],
    ['filterlog: 82,,,', { appName: 'filterlog', message: '82,,,' }],
    ['CRON[7]: x', { appName: 'CRON', procId: '7', message: 'x' }],
    ['gw1 sshd[7]: x', { hostname: 'gw1', appName: 'sshd', procId: '7', message: 'x' }],
    [' sshd[7]: x', { appName: 'sshd', procId: '7', message: 'x' }],
    [
      'ipmon[7]: [ID 702911 local0.notice] 09:30:40 ce0',
      { pri: 'stated 16.5', appName: 'ipmon', procId: '7', msgId: '702911', message: '09:30:40 ce0' },
    ],
  ])('reads %s', (line, expected) => {
    expect(read(line)).toEqual({ format: 'bare', ...expected });
  });

  it.each([
    `DENY: ${PACKET}`,
    `iptables: ${PACKET}`,
    PACKET,
    `[12345.678901] DENY ${PACKET}`,
    'ERROR: this is no log',
    '0 2 PVEFW-HOST-IN 23/Nov/2026:03:00:00 +0000 REJECT: IN=vmbr0',
    '03:00:00.550475 IP 203.0.113.9.43436 > 192.0.2.10.22: Flags [S]',
    'id=firewall sn=0 msg="TCP connection dropped"',
    'firewall,info drop input: in:ether1',
    'CEF:0|Vendor|Product',
    '1403884279 - 11/23/2026 03:00:00 Host: 203.0.113.9/203.0.113.9 Port: 1 TCP Blocked',
    '63: no mnemonic follows',
  ])('leaves %s whole', (line) => {
    expect(read(line)).toEqual({ format: 'bare', message: line });
  });
});
