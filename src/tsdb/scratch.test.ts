import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Scratch } from './scratch.ts';

const MB = 1024 * 1024;

test('columns lie apart until they are given back, large ones too', () => {
  const scratch = new Scratch(4 * MB);
  const columns = [100, 200_000, 130_000, 131_072, 131_072, 1, 0].map((count, i) =>
    scratch.floats(count).fill(i),
  );
  for (const [i, column] of columns.entries()) expect(column.every((value) => value === i)).toBe(true);
  expect(columns.map(({ length }) => length)).toEqual([100, 200_000, 130_000, 131_072, 131_072, 1, 0]);
  scratch.reset();
  // What is kept is used again.
  expect(scratch.floats(100).every((value) => value === 0)).toBe(true);
  expect(scratch.floats(100).buffer).toBe(columns[0]!.buffer);
});

test('one that keeps nothing gives columns of their own', () => {
  const scratch = new Scratch(0);
  const [a, b] = [scratch.floats(10), scratch.floats(10)];
  expect(a.buffer).not.toBe(b.buffer);
  scratch.reset();
  expect(scratch.floats(10).buffer).not.toBe(a.buffer);
});

test.skipIf(process.platform !== 'linux')(
  'what is not kept goes back to the system, whatever was allocated meanwhile',
  () => {
    const code = `
      import { Scratch } from ${JSON.stringify(path.join(import.meta.dirname, 'scratch.ts'))};
      const scratch = new Scratch(${4 * MB});
      const kept = [];
      const start = process.memoryUsage.rss();
      let taken = 0;
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 8000; i++) {
          scratch.floats(600).fill(1);
          if (i % 50 === 0) kept.push(new Uint8Array(20_000).fill(1));
        }
        taken = Math.max(taken, process.memoryUsage.rss() - start);
        scratch.reset();
        gc();
        gc();
      }
      const left = process.memoryUsage.rss() - start - 20_000 * kept.length;
      console.log(JSON.stringify({ taken, left }));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--expose-gc', '--input-type=module', '--disable-warning=ExperimentalWarning', '-e', code],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    const { taken, left } = JSON.parse(stdout) as { taken: number; left: number };
    expect(taken).toBeGreaterThan(35 * MB);
    expect(left).toBeLessThan(18 * MB);
  },
);
