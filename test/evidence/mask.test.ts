import { describe, expect, it } from 'vitest';
import { Mask } from '../../src/evidence/mask.ts';
import { costMs } from '../support/cpu-time.ts';

const mask = () =>
  new Mask(['192.0.2.0/24', '2001:db8:1::/48', '203.0.113.9'], ['gw1', 'lisa', 'lisa.example.net', 'a']);

describe('Mask', () => {
  it.each(['', 'x', '192.0.2.0/33', '300.1.1.1/8', '2001:db8::/129', '192.0.2.0/-1', '192.0.2.0/x'])(
    'throws for the network %j',
    (network) => {
      expect(() => new Mask([network])).toThrow();
    },
  );

  it.each([
    ['denied tcp 198.51.100.7(31337) -> 192.0.2.10(143)', 'denied tcp 198.51.100.7(31337) -> [own-1](143)'],
    ['198.51.100.7.31337 > 192.0.2.10.143: S', '198.51.100.7.31337 > [own-1].143: S'],
    [
      'SRC=198.51.100.7 DST=192.0.2.10 MAC=00:11:22:33:44:55:66:77:88:99:aa:bb:08:00',
      'SRC=198.51.100.7 DST=[own-1] MAC=[masked]',
    ],
    ['to 192.0.2.10 and 192.0.2.11 and 192.0.2.10', 'to [own-1] and [own-2] and [own-1]'],
    ['DST=2001:0db8:0001:0000:0000:0000:0000:0010 x', 'DST=[own-1] x'],
    ['to 2001:db8:1::10 from 2001:db8:2::10', 'to [own-1] from 2001:db8:2::10'],
    ['::ffff:192.0.2.10', '[own-1]'],
    [
      'src outside:2001:db8:2::7/1234 dst inside:2001:db8:1::10/143',
      'src outside:2001:db8:2::7/1234 dst inside:[own-1]/143',
    ],
    [
      'inside:2001:db8:1:2:3:4:5:6, dmz:2001:db8:1::10, dc:2001:db8:1::10',
      'inside:[own-1], dmz:[own-2], dc:[own-2]',
    ],
    [
      'in:face:2001:db8:1::10 eth0.100:2001:db8:1::10 Vlan2001:2001:db8:1::10',
      'in:face:[own-1] eth0.100:[own-1] Vlan2001:[own-1]',
    ],
    ['at 10:20:30:2001:db8:1::10: no [2001:db8:1::]:143', 'at 10:20:30:[own-1]: no [[own-2]]:143'],
    ['v2001:db8:1::10 2001:db8:1::1-2001:db8:1::2', 'v[own-1] [own-2]-[own-3]'],
    [
      'from 2a00:2001:db8:1::7 and inside:2a00:2001:db8:1::7',
      'from 2a00:2001:db8:1::7 and inside:2a00:2001:db8:1::7',
    ],
    [
      '00:11:22:33:44:55 64:ff9b::192.0.2.10 ::ffff:198.51.100.7 ::1',
      '00:11:22:33:44:55 64:ff9b::[own-1] ::ffff:198.51.100.7 ::1',
    ],
    ['203.0.113.9 203.0.113.90', '[own-1] 203.0.113.90'],
    ['gw1 kernel: GW1: lisa.example.net lisa-2 lisa', '[own-1] kernel: [own-1]: [own-2] lisa-2 [own-3]'],
    ['a at 10:20:30 on 1.2.3.4.5.6', 'a at 10:20:30 on 1.2.3.4.5.6'],
  ])('%j becomes %j', (text, expected) => {
    expect(mask().text(text)).toBe(expected);
  });

  it('hides the members of an IPv4 network that is written as mapped IPv6', () => {
    expect(new Mask(['::ffff:192.0.2.0/120']).text('192.0.2.10 192.0.3.10')).toBe('[own-1] 192.0.3.10');
  });

  it('is quick on long hostile text', () => {
    const subject = mask();
    for (const text of [
      '1.'.repeat(32_768),
      ':'.repeat(65_536),
      'a:'.repeat(32_768),
      '2001:'.repeat(13_107),
      'de:2001:db8:1::10:'.repeat(3_640),
      'a'.repeat(65_536),
      '192.0.2.'.repeat(8_192),
      'MAC='.repeat(16_384),
    ]) {
      expect(costMs(() => subject.text(text))).toBeLessThan(200);
    }
  });
});
