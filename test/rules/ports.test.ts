import { describe, expect, it } from 'vitest';
import { joinPorts, parsePorts } from '../../src/rules/ports.ts';

describe('parsePorts() refuses', () => {
  it.each<[string | number, string]>([
    ['impa', 'unknown service `impa` - did you mean `imap`?'],
    ['htpp', 'unknown service `htpp` - did you mean `http`?'],
    ['qqqqqqqq', 'unknown service `qqqqqqqq`'],
    ['70000', '`70000` is not a port: ports end at 65535'],
    ['1-70000', '`70000` is not a port'],
    ['6063-6000', '`6063-6000` runs backwards: write 6000-6063'],
    ['53/upd', 'unknown transport `upd` in `53/upd` - did you mean `udp`?'],
    ['imap/143/tcp/x', 'is not a port: write'],
    ['53/tcp/udp', 'is not a port: write'],
    ['smb/', 'unknown transport'],
    ['/139', 'is not a port: write'],
    ['80,443', '`80,443` is not a port number or range'],
    ['0x50', '`0x50` is not a port number or range'],
    ['1e3', '`1e3` is not a port number'],
    ['1-2-3', 'is not a port number or range'],
    ['-5', 'unknown service `-5`'],
    ['', 'is not a port'],
    ['constructor', 'unknown service `constructor`'],
    ['9'.repeat(60), 'is not a port number'],
  ])('%s', (entry, message) => {
    expect(parsePorts(entry)).toEqual({ ok: false, message: expect.stringContaining(message) });
  });
});

describe('parsePorts() reads', () => {
  it.each<[string | number, string[]]>([
    ['imap', ['143-143']],
    ['IMAP', ['143-143']],
    [143, ['143-143']],
    ['143', ['143-143']],
    [0, ['0-0']],
    ['6000-6063', ['6000-6063']],
    ['6000 - 6063', ['6000-6063']],
    ['53/udp', ['53-53/udp']],
    ['53/UDP', ['53-53/udp']],
    ['6000-6063/tcp', ['6000-6063/tcp']],
    ['dns/udp', ['53-53/udp']],
    ['smb', ['139-139', '445-445']],
    ['smb/139', ['139-139']],
    ['smb/tcp', ['139-139/tcp', '445-445/tcp']],
    ['our-app/8443', ['8443-8443']],
    ['our-app/8443/tcp', ['8443-8443/tcp']],
    ['login', ['513-513/tcp']],
    ['login/udp', ['513-513/udp']],
  ])('%s', (entry, expected) => {
    const result = parsePorts(entry);
    const ranges = result.ok ? result.ports.ranges : [];
    expect(
      ranges.map((r) => `${r.from}-${r.to}${r.transport === undefined ? '' : `/${r.transport}`}`),
    ).toEqual(expected);
  });

  it('any', () => {
    expect(parsePorts('Any')).toEqual({ ok: true, ports: { any: true, ranges: [] } });
  });
});

it('joinPorts() keeps each range once', () => {
  const range = { from: 80, to: 80 };
  const udp = { from: 80, to: 80, transport: 'udp' };
  const joined = joinPorts([
    { any: false, ranges: [range, udp] },
    { any: false, ranges: [{ ...range }] },
  ]);
  expect(joined).toEqual({ any: false, ranges: [range, udp] });
});
