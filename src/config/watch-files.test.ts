import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { fakeClock } from '../testing/fake-clock.ts';
import { watchFiles } from './watch-files.ts';

test('a change, a new file of the same kind and a missing one are seen once; other files are not', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-watch-'));
  const at = (name: string): string => path.join(folder, name);
  const clock = fakeClock();
  let files: readonly string[] = [at('belfry.yaml'), at('a.yml')];
  for (const file of files) fs.writeFileSync(file, 'x');
  let changes = 0;
  const watch = watchFiles({ files: () => files, everyMs: 30_000, clock, onChange: () => changes++ });
  const after = async (change: () => void): Promise<number> => {
    change();
    await clock.advance('31s');
    await clock.advance('30s');
    return changes;
  };
  expect(await after(() => {})).toBe(0);
  expect(await after(() => fs.writeFileSync(at('belfry.yaml'), 'longer'))).toBe(1);
  expect(await after(() => fs.writeFileSync(at('notes.txt'), 'x'))).toBe(1);
  expect(await after(() => fs.writeFileSync(at('b.yml'), 'x'))).toBe(2);
  expect(await after(() => fs.rmSync(at('a.yml')))).toBe(3);
  // Read for another reason, and written after that: it is read once more.
  files = [at('belfry.yaml'), at('b.yml')];
  fs.writeFileSync(at('b.yml'), 'other');
  expect(await after(() => {})).toBe(4);
  watch.cancel();
  expect(await after(() => fs.rmSync(at('b.yml')))).toBe(4);
  fs.rmSync(folder, { recursive: true });
});
