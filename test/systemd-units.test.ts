import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const UNITS = resolve(import.meta.dirname, '../contrib/systemd');

/** Section -> setting -> its values in order, systemd.syntax(7). Throws for a line that is neither. */
function readUnit(name: string): Map<string, Map<string, string[]>> {
  const sections = new Map<string, Map<string, string[]>>();
  let section = new Map<string, string[]>();
  for (const line of readFileSync(join(UNITS, name), 'utf8').split('\n')) {
    const header = /^\[(\w+)\]$/.exec(line);
    const setting = /^([A-Za-z0-9]+)=(.*)$/.exec(line);
    if (header) {
      section = new Map();
      sections.set(header[1]!, section);
    } else if (setting) section.set(setting[1]!, [...(section.get(setting[1]!) ?? []), setting[2]!]);
    else if (!/^(#.*)?$/.test(line)) throw new Error(`${name}: ${line}`);
  }
  return sections;
}

describe('knockwatch.service', () => {
  const service = readUnit('knockwatch.service').get('Service')!;

  /** What rsyslog's unit in Ubuntu has, and more. */
  it.each([
    ['DynamicUser', 'yes'],
    ['NoNewPrivileges', 'yes'],
    ['ProtectSystem', 'strict'],
    ['ProtectHome', 'yes'],
    ['PrivateTmp', 'yes'],
    ['PrivateDevices', 'yes'],
    ['ProtectClock', 'yes'],
    ['ProtectHostname', 'yes'],
    ['ProtectProc', 'invisible'],
    ['ProtectKernelLogs', 'yes'],
    ['ProtectKernelModules', 'yes'],
    ['ProtectKernelTunables', 'yes'],
    ['ProtectControlGroups', 'yes'],
    ['RestrictNamespaces', 'yes'],
    ['RestrictRealtime', 'yes'],
    ['RestrictSUIDSGID', 'yes'],
    ['LockPersonality', 'yes'],
    ['SystemCallArchitectures', 'native'],
    ['AmbientCapabilities', ''],
    ['CapabilityBoundingSet', ''],
    ['StateDirectoryMode', '0700'],
    ['UMask', '0077'],
    ['LimitCORE', '0'],
  ])('%s=%s', (setting, value) => {
    expect(service.get(setting)).toEqual([value]);
  });

  it('bounds system calls, address families, memory, threads and descriptors', () => {
    expect(service.get('SystemCallFilter')).toEqual([
      '@system-service',
      '~@privileged @resources',
      'setpriority',
    ]);
    expect(service.get('RestrictAddressFamilies')![0]!.split(' ')).not.toContain('AF_PACKET');
    for (const setting of ['MemoryMax', 'TasksMax', 'LimitNOFILE'])
      expect(service.get(setting)).toHaveLength(1);
  });

  it('lets V8 compile', () => {
    expect(service.has('MemoryDenyWriteExecute')).toBe(false);
  });

  it('reads the rules again on reload, and has time to end in order', () => {
    expect(service.get('ExecReload')![0]).toContain('-HUP');
    expect(Number.parseInt(service.get('TimeoutStopSec')![0]!, 10)).toBeGreaterThan(10);
  });
});

describe('knockwatch.socket', () => {
  const socket = readUnit('knockwatch.socket').get('Socket')!;

  it('opens 514 for both protocols and both families, with room for a burst', () => {
    expect(socket.get('ListenDatagram')).toEqual(['514']);
    expect(socket.get('ListenStream')).toEqual(['514']);
    expect(socket.get('BindIPv6Only')).toEqual(['both']);
    expect(socket.get('ReceiveBuffer')).toEqual(['8M']);
    expect(socket.has('Accept')).toBe(false);
  });
});

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;

describe.runIf(hasAnalyze)('systemd-analyze', () => {
  it('finds nothing wrong in the units, and little exposure', () => {
    const dir = mkdtempSync(join(tmpdir(), 'knockwatch-units-'));
    try {
      cpSync(UNITS, dir, { recursive: true });
      // The program is not installed where tests run.
      const service = join(dir, 'knockwatch.service');
      writeFileSync(service, readFileSync(service, 'utf8').replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));
      const verified = spawnSync(
        'systemd-analyze',
        ['verify', '--man=no', service, join(dir, 'knockwatch.socket')],
        {
          encoding: 'utf8',
        },
      );
      expect(verified.stderr.split('\n').filter((line) => line.includes('knockwatch'))).toEqual([]);
      const security = spawnSync(
        'systemd-analyze',
        ['security', '--offline=true', '--threshold=20', service],
        {
          encoding: 'utf8',
        },
      );
      expect([security.status, security.stdout.split('\n').slice(-3).join(' ')]).toEqual([
        0,
        expect.stringContaining('OK'),
      ]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
