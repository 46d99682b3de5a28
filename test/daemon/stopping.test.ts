import { afterEach, expect, it, vi } from 'vitest';
import { Pipeline } from '../../src/pipeline.ts';
import { appDirectory, remembered, removeAppDirectory, startApp } from '../support/app.ts';
import { freePort } from '../support/daemon.ts';

const RULES = `rules:
  - id: probe
    watch: { hosts: 192.0.2.0/24, ports: [imap] }
    detect: { address-scan: { hosts: 3, within: 60s } }
`;

afterEach(() => {
  vi.restoreAllMocks();
});

it('a part that can not be stopped keeps no other from being stopped, and the caller hears of it', async () => {
  const dir = appDirectory(RULES);
  const webPort = await freePort();
  const site = await startApp(dir, 'tcp', { web: { port: webPort } });
  const page = () => fetch(`http://127.0.0.1:${webPort}/healthz`);
  expect((await page()).status).toBe(200);
  vi.spyOn(Pipeline.prototype, 'drain').mockImplementation(() => {
    throw new Error('a fault of this test');
  });
  await expect(site.app.stop()).rejects.toThrow('a fault of this test');
  expect(site.app.status().state).toBe('stopped');
  await expect(page()).rejects.toThrow('fetch failed');
  // Its lock is gone.
  expect(await remembered(site)).toEqual([]);
  removeAppDirectory(dir);
});
