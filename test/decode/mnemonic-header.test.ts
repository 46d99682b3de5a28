import { describe, expect, it } from 'vitest';
import { read } from './read.ts';

const MESSAGE = '%SEC-6-IPACCESSLOGP: list 102 denied tcp 203.0.113.9(40000) -> 192.0.2.10(143), 1 packet';
const TIME = '2026-11-23T03:00:00Z';
const RELAYED = '2026-11-23T03:00:00Z relay1';

describe('a Cisco header', () => {
  it.each([
    ['', { format: 'bare' }],
    ['000019: ', { format: 'bare', sequence: 19 }],
    ['gw1: ', { format: 'bare', hostname: 'gw1' }],
    ['30: gw1: 1 2: ', { format: 'bare', hostname: 'gw1', sequence: 2 }],
    ['112: Nov 23 03:00:00.113: ', { timestamp: '2026-11-23T03:00:00.113Z', sequence: 112 }],
    ['112: Nov 23 03:00:00:', { timestamp: TIME, sequence: 112 }],
    ['112: Nov 23 13:00:00 AEST: ', { timestamp: TIME, sequence: 112 }],
    [
      '39222: *Nov 23 03:00:00.070 mng: ',
      { timestamp: '2026-11-23T03:00:00.070Z unsynchronised', sequence: 39222 },
    ],
    ['.Nov 23 03:00:00: ', { timestamp: `${TIME} unsynchronised` }],
    ['Nov 23 03:00:00 ET: ', { timestamp: TIME }],
    ['Nov 23 03:00:00 gw1: ', { timestamp: TIME, hostname: 'gw1' }],
    ['Nov 23 2026 03:00:00: ', { timestamp: TIME }],
    [': Nov 23 2026 03:00:00 UTC: ', { timestamp: TIME }],
    [
      '782431: gw1: .Nov 23 03:00:00 GMT: ',
      { timestamp: `${TIME} unsynchronised`, hostname: 'gw1', sequence: 782431 },
    ],
    [
      '30: gw1: 6340004: *Nov 23 03:00:00: ',
      { timestamp: `${TIME} unsynchronised`, hostname: 'gw1', sequence: 6340004 },
    ],
    ['30: 2001:db8::1: 77: Nov 23 03:00:00: ', { timestamp: TIME, hostname: '2001:db8::1', sequence: 77 }],
    [
      '30: Edge Router 1: 77: Nov 23 03:00:00: ',
      { timestamp: TIME, hostname: 'Edge Router 1', sequence: 77 },
    ],
    ['00:00:46: ', { timestamp: 'uptime' }],
    ['gw1: 7: 1d02h: ', { timestamp: 'uptime', hostname: 'gw1', sequence: 7 }],
    ['wlc1: *spamApTask1: Nov 23 03:00:00: ', { timestamp: TIME, hostname: 'wlc1', appName: 'spamApTask1' }],
    ['Nov 23 03:00:00 gw1 ', { timestamp: TIME, hostname: 'gw1' }],
    [
      'Nov 23 03:00:00 gw1 316371: Nov 23 03:00:00: ',
      { timestamp: TIME, hostname: 'gw1', sequence: 316371, relay: `${TIME} gw1` },
    ],
    [
      'Nov 23 03:00:00 relay1 30: gw1: 77: Nov 23 02:59:58: ',
      { timestamp: '2026-11-23T02:59:58Z', hostname: 'gw1', sequence: 77, relay: RELAYED },
    ],
    [
      'Nov 23 03:00:00 relay1 30: 00:00:46: ',
      { timestamp: 'uptime', hostname: 'relay1', sequence: 30, relay: RELAYED },
    ],
    ['2026 Nov 23 03:00:00 sw1 ', { timestamp: TIME, hostname: 'sw1' }],
    ['2026 Nov 23 03:00:00 sw1 %$ VDC-2 %$ ', { timestamp: TIME, hostname: 'sw1' }],
    ['sw1: 2026 Nov 23 03:00:00.432 UTC: ', { timestamp: '2026-11-23T03:00:00.432Z', hostname: 'sw1' }],
    [': 2026 Nov 23 03:00:00.123 UTC: ', { timestamp: '2026-11-23T03:00:00.123Z' }],
    [
      'RP/0/RP0/CPU0:Nov 23 03:00:00.213 UTC: acl_mgr[162]: ',
      { timestamp: '2026-11-23T03:00:00.213Z', appName: 'acl_mgr', procId: '162' },
    ],
    [
      '29: xr1 RP/0/RSP0/CPU0:Nov 23 03:00:00 : acl_mgr[1]: ',
      { timestamp: TIME, hostname: 'xr1', sequence: 29, appName: 'acl_mgr', procId: '1' },
    ],
    [
      '29: xr1 node_id:Nov 23 03:00:00 : acl_mgr[1]: ',
      { timestamp: TIME, hostname: 'xr1', sequence: 29, appName: 'acl_mgr', procId: '1' },
    ],
    ['Nov 23 2026 03:00:00 192.0.2.1 : ', { timestamp: TIME, hostname: '192.0.2.1' }],
    ['2026-11-23T03:00:00Z asa1 : ', { timestamp: TIME, hostname: 'asa1' }],
    [':Nov 23 03:00:00 UTC: ', { timestamp: TIME }],
    [
      'Nov 23 03:00:00 relay1 Nov 23 2026 02:59:58 asa1 : ',
      { timestamp: '2026-11-23T02:59:58Z', hostname: 'asa1', relay: RELAYED },
    ],
    ['July 23 03:00:00 apic1 ', { timestamp: '2026-07-23T03:00:00Z', hostname: 'apic1' }],
  ])('%j', (header, expected) => {
    expect(read(header + MESSAGE)).toEqual({ format: 'rfc3164', ...expected, message: MESSAGE });
  });

  it.each([
    '%ASA-4-106023: Deny',
    '%ASA-5-111010 User',
    '%ASA-session-3-106102: x',
    '%ACL-IPV4_ACL-6-IPACCESSLOGDP : x',
    '%PIX-6-106015: x',
  ])('ends at %s', (message) => {
    expect(read(`<166>Nov 23 03:00:00 asa1 : ${message}`)).toMatchObject({ hostname: 'asa1', message });
  });

  it('takes one percent sign for the beginning where the device wrote two', () => {
    expect(read('Nov 23 03:00:00 asa1 : %%ASA-6-605005: x')).toMatchObject({
      hostname: 'asa1',
      message: '%ASA-6-605005: x',
    });
    expect(read('%%ASA-6-605005: x').message).toBe('%ASA-6-605005: x');
  });

  it('is found behind the PRI that a relay left in, and in the message of an RFC 5424 relay', () => {
    const device = `45: *Nov 23 02:59:58: ${MESSAGE}`;
    const expected = {
      timestamp: '2026-11-23T02:59:58Z unsynchronised',
      sequence: 45,
      relay: RELAYED,
      message: MESSAGE,
    };
    expect(read(`<13>Nov 23 03:00:00 relay1 <190>${device}`)).toMatchObject({
      ...expected,
      pri: 'stated 23.6',
    });
    expect(read(`<190>1 2026-11-23T03:00:00Z relay1 - - - - ${device}`)).toMatchObject({
      ...expected,
      format: 'rfc5424',
    });
  });
});

describe('a percent sign that somebody else wrote', () => {
  it.each([
    ['sshd[7]: Invalid user ', { appName: 'sshd', procId: '7' }],
    ['sshd[7]: ', { appName: 'sshd', procId: '7' }],
    ['sshd[7]: 45: *Nov 23 02:00:00: ', { appName: 'sshd', procId: '7' }],
    ['login: Invalid user ', { appName: 'login' }],
    ['login: user x: *Nov 23 02:00:00: ', { appName: 'login' }],
    ['Invalid user ', {}],
    ['httpd: "GET /" ', { appName: 'httpd' }],
  ])('is text of the message behind %j', (words, expected) => {
    const message = words.replace(/^\w+(\[\d+\])?: /, '') + MESSAGE;
    expect(read(`Nov 23 03:00:00 gw1 ${words}${MESSAGE}`)).toEqual({
      format: 'rfc3164',
      timestamp: TIME,
      hostname: 'gw1',
      ...expected,
      message,
    });
  });

  it.each(['Some words ', 'a b c d e f g: 45: ', `${'1: '.repeat(300)}`, 'DENY IN=eth0 ', '"', 'a: b: c: '])(
    'is text of the line %.20j',
    (words) => {
      expect(read(`${words}${MESSAGE}`).message).not.toMatch(/^%/);
    },
  );

  it.each([
    '%',
    '%%',
    '% SEC-6-X: a',
    '%sec-6-x: a',
    '%SEC-8-X: a',
    '%SEC-66-X: a',
    '%SEC-6-: a',
    '100%CPU-6',
    '%d-3-x',
  ])('is no mnemonic: %s', (text) => {
    expect(read(`45: ${text}`)).toEqual({ format: 'bare', message: `45: ${text}` });
  });
});
