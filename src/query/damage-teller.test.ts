import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { CorruptBlockError } from '../encoding/corrupt-block.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { type LoggedEvent, silentLog } from '../testing/silent-log.ts';
import { createDamageReport } from '../tsdb/damage.ts';
import { UnreadableError } from '../tsdb/partition/unreadable.ts';
import { damageTeller } from './damage-teller.ts';

const dir = mkdtempSync(join(tmpdir(), 'belfry-damage-'));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('what cannot be read is reported as long as queries meet it, and ten minutes more; damage stays', async () => {
  const clock = fakeClock();
  const events: LoggedEvent[] = [];
  const report = createDamageReport({ dir, log: silentLog(events), registry: new Registry(), clock });
  let posts = 0;
  const tell = damageTeller((message) => {
    posts++;
    report.note(message);
  }, clock);
  const [passing, broken] = ['20260102.db', '20260103.db'].map((name) => join(dir, name)) as [string, string];
  for (const file of [passing, broken]) writeFileSync(file, '');
  const meet = (): void => {
    tell(passing, new UnreadableError('disk I/O error', passing));
    tell(broken, new CorruptBlockError('CRC mismatch', `${broken}: table block, row 1`));
  };
  const names = (): string[] => report.partitions().map(({ file, loss }) => `${file} ${loss}`);
  const both = ['20260102.db cannot be read', '20260103.db is damaged'];
  for (let n = 0; n < 1200; n++) {
    meet();
    await clock.advance('1s');
  }
  expect(names()).toEqual(both);
  // Once a minute, and of damage once.
  expect(posts).toBe(20 + 1);
  expect(events).toHaveLength(2);
  await clock.advance('8m');
  expect(names()).toEqual(both);
  await clock.advance('2m');
  expect(names()).toEqual(['20260103.db is damaged']);
  meet();
  expect(names()).toEqual(['20260103.db is damaged', '20260102.db cannot be read']);
  expect(events).toHaveLength(3);
});
