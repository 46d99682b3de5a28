import { describe, expect, it } from 'vitest';
import { serviceNames } from '../../src/lib/services.ts';
import { portOfPrinted, portOfService, servicesOfPort } from '../../src/parse/service-names.ts';

describe('servicesOfPort()', () => {
  it('knows every name that is read as the port, so that no line with one is passed over', {
    timeout: 60_000,
  }, () => {
    const namesByPort = new Map<number, ReadonlySet<string>>();
    const namesOf = (port: number) => {
      const names = namesByPort.get(port) ?? new Set(servicesOfPort(port));
      namesByPort.set(port, names);
      return names;
    };
    let read = 0;
    for (const name of [...serviceNames(), 'loc-srv', 'rfb', 'who'])
      for (const port of [undefined, 'tcp', 'udp', 'sctp']
        .map((transport) => portOfPrinted(name, transport))
        .concat(portOfService(name))) {
        if (port === undefined) continue;
        read++;
        expect(namesOf(port).has(name), `${name} is read as ${port}`).toBe(true);
      }
    expect(read).toBeGreaterThan(10_000);
  });

  it('gives each name once, and none for a port that has none', () => {
    expect(servicesOfPort(143)).toEqual([...new Set(servicesOfPort(143))]);
    expect(servicesOfPort(143)).toContain('imap2');
    expect(servicesOfPort(60_999)).toEqual([]);
  });
});
