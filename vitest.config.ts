import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * `unit` and `render` run in memory. `e2e` runs the packed and installed program. `matrix` really installs and builds
 * generated projects, takes minutes and needs a registry: `npx vitest run --project matrix`.
 */
export default defineConfig({
  test: {
    // By default one core is left for others, which on a machine with two is one half. Many tests wait for a server.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        // The runtime, in place. Some tests start the fixture, which is built first.
        test: {
          name: 'kit',
          include: ['kit/test/**/*.test.ts'],
          globalSetup: ['kit/test/support/build.ts'],
          setupFiles: ['kit/test/support/project.ts'],
          testTimeout: 20_000,
        },
      },
      // Starts real servers, good and bad ones.
      { test: { name: 'smoke', include: ['test/smoke/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'render',
          include: ['test/{render,deploy}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Attacks on really generated and built servers. The first run installs their dependencies.
        test: {
          name: 'hostile',
          include: ['test/hostile/**/*.test.ts'],
          exclude: ['test/hostile/mutations.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 180_000,
        },
      },
      {
        // Several replicas of one generated server: needs PostgreSQL and redis-server.
        test: {
          name: 'replicas',
          include: ['test/replicas/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      // Whatever can break around a server breaks: signals, databases, disks, connections.
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
      // A generated server or the kit without one guard each: a test must fail.
      {
        test: {
          name: 'mutations',
          include: ['test/hostile/mutations.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        // The official suite against generated servers; needs Node 22 from npm and the suite itself.
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 200_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/pack.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // A clone of this repository, built as its README says.
      {
        test: {
          name: 'clone',
          include: ['test/clone/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'matrix',
          include: ['test/matrix/**/*.test.ts'],
          globalSetup: ['test/support/pack.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          maxConcurrency: 2,
        },
      },
    ],
  },
});
