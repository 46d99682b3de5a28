import { describe, expect, it } from 'vitest';
import { findCiscoTag } from '../../src/parse/cisco-tag.ts';
import { bareMessage } from '../support/bare-message.ts';
import { decodeLine } from '../support/decode-line.ts';

const find = (line: string) => findCiscoTag(bareMessage(line));

describe('findCiscoTag() reads', () => {
  it.each([
    ['%LINK-3-UPDOWN: x', 'LINK', 3, 'UPDOWN', undefined],
    ['<190>112: Mar  1 00:41:07.113: %SEC-6-IPACCESSLOGP: x', 'SEC', 6, 'IPACCESSLOGP', undefined],
    ['<190>30: gw1: 000019: *Mar 04 11:45:20.1: %SYS-5-CONFIG_I: x', 'SYS', 5, 'CONFIG_I', 'gw1'],
    ['<190>30: 2001:db8::1: .Mar  4 11:45:20 CET: %SYS-5-CONFIG_I: x', 'SYS', 5, 'CONFIG_I', '2001:db8::1'],
    ['Mar  4 11:45:20 relay1 gw1: 2y10w: %SYS-5-CONFIG_I: x', 'SYS', 5, 'CONFIG_I', 'gw1'],
    ['Mar  4 11:45:20 sw_1 77: Mar  4 2026 10:45:20: %SYS-5-CONFIG_I: x', 'SYS', 5, 'CONFIG_I', 'sw_1'],
    ['<166>:Mar  4 11:45:20 UTC: %ASA-session-3-106102: x', 'ASA-session', 3, '106102', undefined],
    ['<166>2026-06-27T12:17:46Z asa : %ASA-5-111010 x', 'ASA', 5, '111010', 'asa'],
    [
      '<166>gw1: Mar  4 11:45:20: %SYSMGR-STANDBY-3-SHUTDOWN_START: x',
      'SYSMGR-STANDBY',
      3,
      'SHUTDOWN_START',
      'gw1',
    ],
    ['Mar  4 11:45:20 fw1 ASA-2-106001: x', 'ASA', 2, '106001', 'fw1'],
    ['%%PIX-6-605004: x', 'PIX', 6, '605004', undefined],
    ['%MGBL-SYS-5-CONFIG_I : x', 'MGBL-SYS', 5, 'CONFIG_I', undefined],
  ])('%s', (line, facility, severity, mnemonic, origin) => {
    const expected = { facility, severity, mnemonic, body: 'x', xr: false };
    expect(find(line)).toEqual(origin === undefined ? expected : { ...expected, origin });
  });

  it('the node and process of IOS XR', () => {
    const line =
      '<190>2906: core1 RP/0/RSP0/CPU0:Mar 26 14:47:02.754 : SSHD_[65935]: %SECURITY-SSHD-6-INFO : x';
    expect(find(line)).toMatchObject({
      facility: 'SECURITY-SSHD',
      mnemonic: 'INFO',
      xr: true,
      origin: 'core1',
    });
  });
});

describe('findCiscoTag() finds nothing in', () => {
  it.each([
    'no tag',
    '%SEC-9-IPACCESSLOGP: severity above 7',
    '%sec-6-IPACCESSLOGP: lower case',
    '100%SEC-6-IPACCESSLOGP glued to a word',
    'Mar  4 11:45:20 fw1 sshd[12]: %SEC-6-IPACCESSLOGP: a program wrote it',
    'Mar  4 11:45:20 fw1 kernel: [123.4] %SEC-6-IPACCESSLOGP: x',
    'Mar  4 11:45:20 fw1 user="%SEC-6-IPACCESSLOGP: x"',
    'login failed for %SEC-6-IPACCESSLOGP: x',
    'Mar  4 11:45:20 fw1 httpd: GET / %SEC-6-IPACCESSLOGP: x',
    'NASA-2-106001: x',
    `${'gw1: '.repeat(60)}%SEC-6-IPACCESSLOGP: behind too long a header`,
  ])('%s', (line) => expect(find(line)).toBeUndefined());
});

it.each([
  'Nov  3 04:10:21 gw1 Invalid user 0 ASA-6-106012: x',
  'Nov  3 04:10:21 gw1 Invalid user *May 28 08:00:41: %FW-6-DROP_PKT: x',
  '<13>1 2026-11-03T04:10:21Z gw1 app 42 - - user %PIX-3-106010: x',
  '<13>1 2026-11-03T04:10:21Z gw1 app 42 - - user : %PIX-3-106010: x',
  '<13>1 2026-11-03T04:10:21Z gw1 - - - - user 7 %PIX-3-106010: x',
  'Nov  3 04:10:21 gw1 sshd[12]: <190>45: Nov  3 04:10:21: %SEC-6-IPACCESSLOGP: x',
  'Nov  3 04:10:21 gw1 sshd: <190>45: %SEC-6-IPACCESSLOGP: x',
  'Nov  3 04:10:21 gw1 Invalid user <190>45: Nov  3 04:10:21: %SEC-6-IPACCESSLOGP: x',
  'Nov  3 04:10:21 gw1 Invalid user x <164>Nov  3 2026 04:10:21: %ASA-2-106001: x',
  'Nov  3 04:10:21 relay1 <38>Nov  3 04:10:21 gw1 sshd[12]: %SEC-6-IPACCESSLOGP: x',
  'Nov  3 04:10:21 relay1 <38>Nov  3 04:10:21 gw1 Invalid user 0 %SEC-6-IPACCESSLOGP: x',
])('is not what a stranger writes into the line of another program: %j', (line) => {
  expect(findCiscoTag(decodeLine(line))).toBeUndefined();
});

it.each([
  ['<190>45: Nov 23 03:00:00.123 Warsaw: %SEC-6-IPACCESSLOGP: x', undefined],
  ['<190>45: *Nov 23 03:00:00.123 summer: %SEC-6-IPACCESSLOGP: x', undefined],
  ['<190>45: gw1: Nov 23 03:00:00 mng: %SEC-6-IPACCESSLOGP: x', 'gw1'],
  ['<190>Nov 23 03:00:00 Warsaw: %SEC-6-IPACCESSLOGP: x', 'Warsaw'],
  ['<190>45: Nov 23 03:00:00 gateway-1: %SEC-6-IPACCESSLOGP: x', 'gateway-1'],
])('the zone of the clock is no device, whatever it is called: %s', (line, device) => {
  const message = decodeLine(line);
  expect(message.hostname ?? findCiscoTag(message)?.origin).toBe(device);
  expect(findCiscoTag(message)?.body).toBe('x');
});

it.each([
  'Nov  3 04:10:21 relay1 fw1 *May 28 08:00:41: %FW-6-DROP_PKT: x',
  '<13>1 2026-11-03T04:10:21Z fw1 - - - - %PIX-3-106010: x',
  '<13>1 2026-11-03T04:10:21Z fw1 - - - - 000123: Nov  3 04:10:21.113: %PIX-3-106010: x',
  '<13>1 2026-11-03T04:10:21Z fw1 - - - - fw1 : %PIX-3-106010: x',
  '<13>1 2026-11-03T04:10:21Z fw1 %PIX-3-106010 - - - x',
  '<13>1 2026-11-03T04:10:21Z fw1 asa - - - %PIX-3-106010: x',
  'Nov  3 04:10:21 relay1 <190>45: Nov  3 04:10:21: %SEC-6-IPACCESSLOGP: x',
  '<13>Nov  3 04:10:21 relay1 <190>45: *Nov  3 04:10:21.113: %SEC-6-IPACCESSLOGP: x',
  '2026-11-03T04:10:21Z relay1 <190>gw1: 000123: Nov  3 04:10:21: %SEC-6-IPACCESSLOGP: x',
  'Nov  3 04:10:21 relay1 <164>Nov  3 2026 04:10:21: %ASA-2-106001: x',
  'Nov  3 04:10:21 relay1 <164>Nov  3 2026 04:10:21 fw1 : %ASA-2-106001: x',
  'Nov  3 04:10:21 relay1 <164>:Nov  3 04:10:21 UTC: %ASA-2-106001: x',
])('is found behind every header there is: %j', (line) => {
  expect(findCiscoTag(decodeLine(line))?.body).toBe('x');
});
