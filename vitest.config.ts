import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Tests open loopback sockets and spawn the daemon: a few files at a time keeps two cores responsive.
    maxWorkers: 2,
    // Real sockets, processes and a browser have deadlines that a machine at full load may miss once. A fault fails again.
    retry: process.env['CI'] === undefined ? 0 : 2,
  },
});
