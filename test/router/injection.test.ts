import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DEVICES } from '../../src/router/index.ts';
import { runForTest } from '../support/cli.ts';
import { commands, hostilePlan, samplePlan } from './plans.ts';

/** With a configuration of its own: this machine may have one. */
const dir = mkdtempSync(join(tmpdir(), 'knockwatch-router-'));
writeFileSync(join(dir, 'knockwatch.yaml'), 'zone: UTC\n');
afterAll(() => rmSync(dir, { recursive: true }));
const ROUTER = ['--config', join(dir, 'knockwatch.yaml'), 'router'];

describe.each(DEVICES)('$name, whatever names the rule files hold', (device) => {
  it('no name ends a line or a comment, or brings in a command', () => {
    const lines = device.render(hostilePlan());
    expect(lines.join('\n')).not.toMatch(/\r|\n(no logging on|;rm)/);
    const harmless = { ...hostilePlan().watched[0]!, name: 'x', rules: ['x'] };
    const without = (text: string) => !/remark/.test(text);
    expect(commands(device, hostilePlan()).filter(without)).toEqual(
      commands(device, { ...hostilePlan(), watched: [harmless] }).filter(without),
    );
  });

  it('every line is text of one line', () => {
    for (const line of device.render(samplePlan())) expect(line).toMatch(/^[\x20-\x7e]*$/);
  });
});

describe('knockwatch router', () => {
  it.each([
    ['--collector', '192.0.2.5; reboot', /write an address/],
    ['--collector', '192.0.2.5:0', /write an address/],
    ['--collector', '192.0.2.5:65536', /write an address/],
    ['--collector', 'collector.example.net', /write an address/],
    ['--collector', 'fe80::5%eth0', /write an address/],
    ['--interface', 'eth0"; accept', /letters, digits/],
    ['--hosts', '192.0.2.0/24,x', /is not an IP address/],
    ['--nflog', '70000', /0 to 65535/],
    ['--for', 'toaster', /cisco-ios, cisco-asa, iptables, nftables, pf, opnsense/],
  ])('refuses %s %s', async (option, value, message) => {
    const options = { '--for': 'pf', '--collector': '192.0.2.5', [option]: value };
    const { exitCode, stderr, stdout } = await runForTest([...ROUTER, ...Object.entries(options).flat()]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  it('denies nothing from the rules that ship, and says what to do about it', async () => {
    const { exitCode, stdout, stderr } = await runForTest([
      ...ROUTER,
      '--for',
      'pf',
      '--collector',
      '[2001:db8::5]:601',
      '--tcp',
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).not.toMatch(/^block/m);
    expect(stdout).toContain('local0.info @tcp://[2001:db8::5]:601');
    expect(stderr).toMatch(/classic-probe watches any host.*--hosts/);
  });

  it('denies what they watch on the networks it is told are mine', async () => {
    const { stdout } = await runForTest([
      ...ROUTER,
      '--for',
      'pf',
      '--collector',
      '192.0.2.5',
      '--hosts',
      '203.0.113.0/24',
    ]);
    expect(stdout).toContain('block drop in log quick inet proto tcp from any to 203.0.113.0/24 port {');
  });
});
