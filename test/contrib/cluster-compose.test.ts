import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseState } from '../../src/store/redis/redis-link.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { services, volumes } = parse(read('compose.cluster.yaml'), { merge: true });
const balancer = read('contrib/nginx/syslog.conf');
const MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';
const RECEIVERS = ['receiver1', 'receiver2', 'receiver3'];

describe('compose.cluster.yaml', () => {
  it('has three receivers that share one state, each with a state directory of its own', () => {
    const directories = RECEIVERS.map((name) => {
      const { build, environment, volumes: mounted } = services[name];
      expect(build).toBe('.');
      expect(parseState(environment.KNOCKWATCH_REDIS_URL).nodes).toEqual([{ host: 'valkey', port: 6379 }]);
      return mounted.find((mount: string) => mount.endsWith(':/var/lib/knockwatch')).split(':')[0];
    });
    expect(new Set(directories).size).toBe(3);
    expect(Object.keys(volumes)).toEqual(expect.arrayContaining(directories));
  });

  it('keeps Valkey to itself, with a password, on disk, and lets it give up windows only', () => {
    expect(services.valkey.ports).toBeUndefined();
    const command = services.valkey.command.join(' ');
    for (const option of ['--requirepass', '--appendonly yes', '--maxmemory-policy volatile-ttl'])
      expect(command).toContain(option);
  });

  it('has a load balancer that gives lines to each receiver, and nobody else', () => {
    const [mount] = services.balancer.volumes;
    expect(mount).toBe('./contrib/nginx/syslog.conf:/etc/nginx/nginx.conf:ro');
    expect([...balancer.matchAll(/^ *server (\S+):5514/gm)].map(([, name]) => name)).toEqual(RECEIVERS);
    expect(services.balancer.ports).toEqual(['5514:5514/udp', '5514:5514/tcp']);
  });
});

const canTest = existsSync(MODULE) && spawnSync('nginx', ['-v'], { stdio: 'ignore' }).status === 0;
if (!canTest) console.log('no nginx with its stream module: contrib/nginx/syslog.conf was not read by nginx');

it.runIf(canTest)('nginx takes contrib/nginx/syslog.conf', () => {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-nginx-'));
  const file = join(dir, 'nginx.conf');
  // The receivers' names mean nothing here.
  const local = balancer.replaceAll(/receiver\d:/g, '127.0.0.1:');
  writeFileSync(file, `load_module ${MODULE};\npid ${dir}/pid;\nerror_log ${dir}/log;\n${local}`);
  const { status, stderr } = spawnSync('nginx', ['-t', '-c', file, '-e', join(dir, 'log')], {
    encoding: 'utf8',
  });
  rmSync(dir, { recursive: true });
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('test is successful') });
});
