import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { opnsense } from '../../src/router/opnsense.ts';
import { commands, samplePlan } from './plans.ts';

const EXPECTED = `
#!/bin/sh
set -eu
: "\${OPNSENSE:?set it to https://ADDRESS of the firewall}" "\${OPNSENSE_AUTH:?set it to KEY:SECRET}"
api() {
  printf 'user = "%s"\\n' "$OPNSENSE_AUTH" | curl --config - --fail --silent --show-error \\
    --header 'Content-Type: application/json' --data-raw "$2" "$OPNSENSE/api/$1"
}
api syslog/settings/addDestination '{"destination":{"enabled":"1","transport":"udp4","program":"filterlog","hostname":"192.0.2.5","port":"5514","rfc5424":"1","description":"knockwatch"}}'
api syslog/service/reconfigure '{}'
api firewall/alias/addItem '{"alias":{"enabled":"1","name":"KNOCKWATCH_1","type":"port","content":"143\\n6000:6063","description":"knockwatch"}}'
api firewall/filter/addRule '{"rule":{"enabled":"1","action":"block","quick":"1","interface":"wan","direction":"in","ipprotocol":"inet","protocol":"TCP","source_net":"any","destination_net":"192.0.2.10","log":"1","description":"knockwatch","destination_port":"KNOCKWATCH_1"}}'
api firewall/alias/addItem '{"alias":{"enabled":"1","name":"KNOCKWATCH_2","type":"port","content":"53","description":"knockwatch"}}'
api firewall/filter/addRule '{"rule":{"enabled":"1","action":"block","quick":"1","interface":"wan","direction":"in","ipprotocol":"inet","protocol":"UDP","source_net":"any","destination_net":"192.0.2.10","log":"1","description":"knockwatch","destination_port":"KNOCKWATCH_2"}}'
api firewall/alias/addItem '{"alias":{"enabled":"1","name":"KNOCKWATCH_3","type":"port","content":"513","description":"knockwatch"}}'
api firewall/filter/addRule '{"rule":{"enabled":"1","action":"block","quick":"1","interface":"wan","direction":"in","ipprotocol":"inet","protocol":"TCP","source_net":"any","destination_net":"198.51.100.0/28","log":"1","description":"knockwatch","destination_port":"KNOCKWATCH_3"}}'
api firewall/filter/addRule '{"rule":{"enabled":"1","action":"block","quick":"1","interface":"wan","direction":"in","ipprotocol":"inet","protocol":"any","source_net":"any","destination_net":"203.0.113.9","log":"1","description":"knockwatch"}}'
api firewall/alias/addItem '{"alias":{"enabled":"1","name":"KNOCKWATCH_5","type":"port","content":"143\\n6000:6063","description":"knockwatch"}}'
api firewall/filter/addRule '{"rule":{"enabled":"1","action":"block","quick":"1","interface":"wan","direction":"in","ipprotocol":"inet6","protocol":"TCP","source_net":"any","destination_net":"2001:db8::53","log":"1","description":"knockwatch","destination_port":"KNOCKWATCH_5"}}'
api firewall/alias/addItem '{"alias":{"enabled":"1","name":"KNOCKWATCH_6","type":"port","content":"53","description":"knockwatch"}}'
api firewall/filter/addRule '{"rule":{"enabled":"1","action":"block","quick":"1","interface":"wan","direction":"in","ipprotocol":"inet6","protocol":"UDP","source_net":"any","destination_net":"2001:db8::53","log":"1","description":"knockwatch","destination_port":"KNOCKWATCH_6"}}'
api firewall/filter/addRule '{"rule":{"enabled":"1","action":"block","quick":"1","interface":"wan","direction":"in","ipprotocol":"inet6","protocol":"TCP/UDP","source_net":"any","destination_net":"2001:db8:9::/48","log":"1","description":"knockwatch"}}'
api firewall/alias/reconfigure '{}'
api firewall/filter/apply '{}'
`;

it('is written for hosts, networks, ranges and every port, IPv4 and IPv6', () => {
  expect(`\n${commands(opnsense, samplePlan()).join('\n')}\n`).toBe(EXPECTED);
});

describe('the script', () => {
  it('makes nothing but requests that carry JSON, with the key in no argument', () => {
    const dir = mkdtempSync(join(tmpdir(), 'knockwatch-opnsense-'));
    const curl = `#!/bin/sh\ncat >> ${dir}/stdin\nfor argument; do printf '%s\\n' "$argument" >> ${dir}/argv; done\n`;
    writeFileSync(join(dir, 'curl'), curl, { mode: 0o755 });
    const run = spawnSync('sh', ['-s'], {
      input: opnsense.render(samplePlan()).join('\n'),
      env: {
        PATH: `${dir}:${process.env['PATH']}`,
        OPNSENSE: 'https://192.0.2.1',
        OPNSENSE_AUTH: 'key:secret',
      },
      encoding: 'utf8',
    });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const argv = readFileSync(join(dir, 'argv'), 'utf8');
    expect(argv).not.toContain('secret');
    expect(readFileSync(join(dir, 'stdin'), 'utf8')).toContain('user = "key:secret"');
    const bodies = argv
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    expect(bodies).toContainEqual({ alias: expect.objectContaining({ content: '143\n6000:6063' }) });
    expect(argv.trim().split('\n').at(-1)).toBe('https://192.0.2.1/api/firewall/filter/apply');
    rmSync(dir, { recursive: true });
  });

  it('says what it needs when it is run without', () => {
    const run = spawnSync('sh', ['-s'], {
      input: opnsense.render(samplePlan()).join('\n'),
      env: { PATH: process.env['PATH'] },
      encoding: 'utf8',
    });
    expect(run.status).not.toBe(0);
    expect(run.stderr).toContain('https://ADDRESS of the firewall');
  });

  it('asks for IPv6 transports where the collector has such an address', () => {
    const collector = { address: '2001:db8::5', port: 601, protocol: 'tcp' } as const;
    expect(commands(opnsense, samplePlan({ collector })).join()).toContain('"transport":"tcp6"');
  });
});
