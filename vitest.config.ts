import { defineConfig } from 'vitest/config';

/**
 * Files whose tests kill processes, fill disks, damage files and let clients hang thousands of times, or try whole tables over real
 * sockets, real peers and random input: two thirds of the time of those beside the code.
 */
const FAULTS = [
  'src/tsdb/{damage,deletion,disk-full,pages,power-loss,series-renewal,store-crash,store-faults,store-model}.test.ts',
  'src/tsdb/import/import.test.ts',
  'src/tsdb/read-stress.test.ts',
  'src/tsdb/partition/seal.test.ts',
  'src/backup/backup.test.ts',
  'src/cli/backup.test.ts',
  'src/http/{body-limit,listen}.test.ts',
  'src/notifiers/durability.test.ts',
  'src/query/limits.test.ts',
  'src/remote/outage.test.ts',
  'src/scraper/page-buffers.test.ts',
  'src/cli/{export,import}.test.ts',
  'src/config/fuzz.test.ts',
  'src/notifiers/kinds/keys.test.ts',
  'src/promql/testlang/conformance.test.ts',
  'src/remote/{remote-write-keys,sender}.test.ts',
  'src/scraper/{manager,page-fuzz,page-peer,scrape-config-keys}.test.ts',
  'src/scraper/discovery/kubernetes/discoverer.test.ts',
  'src/tsdb/log/kept-index.test.ts',
  'src/tsdb/partition/partition.test.ts',
];

/** Files that put something else in the place of a module, which must not be that of other files. */
const ALONE = ['src/tsdb/partition/synced.test.ts'];

const SETUP = { setupFiles: ['test/harness/random.ts'] };

/** In CI, what leans on processes, disks and browsers is tried once more before it counts as failed; the run says what was. */
const ONCE_MORE = { retry: process.env.CI ? 1 : 0 };

/** For what hangs: a busy machine takes its time. */
const PATIENCE = { testTimeout: 240_000, hookTimeout: 240_000, expect: { poll: { timeout: 60_000 } } };

/**
 * `unit`: beside the code, seconds; `alone`: the same, each file with modules of its own. `faults`: beside the code too, minutes.
 * `appliance`: whole-appliance tests, with real processes, a real browser and real peers.
 */
export default defineConfig({
  test: {
    // Half of the tests wait for disks, sockets and threads: a core left free would only idle.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          // No module keeps state, so test files may share them: half the time.
          isolate: false,
          include: [
            'src/**/*.test.ts',
            'web/src/**/*.test.ts',
            'web/src/**/*.test.tsx',
            'scripts/**/*.test.ts',
            'test/imports.test.ts',
          ],
          exclude: [...FAULTS, ...ALONE],
          ...SETUP,
          ...PATIENCE,
        },
      },
      { test: { name: 'alone', include: ALONE, ...SETUP, ...PATIENCE } },
      {
        test: {
          name: 'faults',
          isolate: false,
          include: FAULTS,
          ...SETUP,
          ...ONCE_MORE,
          ...PATIENCE,
        },
      },
      {
        test: {
          name: 'appliance',
          include: ['test/**/*.test.ts', 'web/dev/**/*.test.ts'],
          exclude: ['test/imports.test.ts'],
          globalSetup: ['test/harness/executable.ts'],
          ...SETUP,
          ...ONCE_MORE,
          ...PATIENCE,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          expect: { poll: { timeout: 200_000 } },
          // Each has folders and ports of its own, and waits half of the time: two at once, after the others.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
