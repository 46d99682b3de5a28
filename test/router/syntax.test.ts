import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { RouterPlan } from '../../src/router/device.ts';
import { iptables } from '../../src/router/iptables.ts';
import { nftables } from '../../src/router/nftables.ts';
import { hostilePlan, samplePlan } from './plans.ts';

/** A network namespace that is gone with the command: nothing outside it is touched. */
const inNamespace = (command: readonly string[], input = '') =>
  spawnSync('unshare', ['--net', ...command], { input, encoding: 'utf8', timeout: 30_000 });

function usable(...command: string[]): boolean {
  const { status } = inNamespace(command);
  if (status !== 0)
    console.log(`skipped: ${command[0]} is not here, or may not be run in a network namespace`);
  return status === 0;
}

const PLANS: readonly (readonly [string, RouterPlan])[] = [
  ['the sample', samplePlan()],
  ['NFLOG and an interface', samplePlan({ nflogGroup: 5, interfaceName: 'eth0' })],
  ['nothing to deny', samplePlan({ watched: [] })],
  ['hostile names', hostilePlan()],
];

describe.runIf(usable('iptables-restore', '--version') && usable('iptables', '-S'))(
  'iptables takes what is written for it',
  () => {
    it.each(PLANS)('%s', (_, plan) => {
      const text = `${iptables.render(plan).join('\n')}\n`;
      for (const tool of ['iptables-restore', 'ip6tables-restore'])
        expect(inNamespace([tool, '--test', '--noflush'], text)).toMatchObject({ stderr: '', status: 0 });
    });

    it('and would not take everything', () => {
      const text = `${iptables.render(samplePlan()).join('\n')}\n`.replace('--dports 143', '--dports imapp');
      expect(inNamespace(['iptables-restore', '--test', '--noflush'], text).status).not.toBe(0);
    });
  },
);

describe.runIf(usable('nft', 'list', 'ruleset'))('nft takes what is written for it', () => {
  it.each(PLANS)('%s', (_, plan) => {
    const text = nftables.render(plan).join('\n');
    expect(inNamespace(['nft', '-c', '-f', '-'], text)).toMatchObject({ stderr: '', status: 0 });
    // As often as you like: it replaces itself.
    expect(
      inNamespace(
        [
          'sh',
          '-c',
          'cat > /dev/shm/knockwatch.$$ && nft -f /dev/shm/knockwatch.$$ && nft -f /dev/shm/knockwatch.$$; code=$?; rm /dev/shm/knockwatch.$$; exit $code',
        ],
        text,
      ),
    ).toMatchObject({ stderr: '', status: 0 });
  });
});
