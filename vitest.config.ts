import { defineConfig } from 'vitest/config';

/** `unit`: beside the code, seconds. `appliance`: whole-appliance tests, with real processes, a real browser and real peers. */
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
            'test/imports.test.ts',
          ],
          // For what hangs; a busy machine takes its time.
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'appliance',
          include: ['test/**/*.test.ts', 'web/dev/**/*.test.ts'],
          exclude: ['test/imports.test.ts'],
          globalSetup: ['test/harness/executable.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
