import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { openDatabase } from '../sqlite/database.ts';
import { type Bench, bench, hook, route } from './notifier.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'belfry-notifiers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const open = (file: string) => openDatabase(join(folder, file), { addon: undefined });

/**
 * Plays a life with crashes at arbitrary moments: each time another process opens the file, and the sender repeats what fires. What
 * was answered with 200 before the crash must not be sent again; what fires must have been told of in the end.
 */
test('crashes at any moment: nothing is lost, nothing that was answered is sent again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.constantFrom<number | 'reset' | 'hang'>(200, 500, 400, 'reset', 'hang'), { maxLength: 6 }),
      async (lives, answers) => {
        const file = `${files++}.db`;
        const config = {
          route: route({ group_by: ['alertname'], group_wait: 500, group_interval: 3000 }),
          receivers: [hook('w')],
        };
        let now: Bench = bench(config, { db: open(file) });
        let seconds = 0;
        const post = () => now.post({ labels: { alertname: 'A' }, starts: 0, ends: seconds + 1000 });
        now.script.set('w', [...answers]);
        await post();
        for (const life of lives) {
          seconds += life / 1000;
          await now.at(seconds);
          const rest = now.script.get('w')!;
          now = now.crash({ db: open(file) });
          now.script.set('w', rest);
          await post();
        }
        await now.at(seconds + 80);
        const delivered = now.posts.filter((_, i) => (answers[i] ?? 200) === 200);
        expect(delivered).toHaveLength(1);
        expect(now.notifier.outbox()).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});
