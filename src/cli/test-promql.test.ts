import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UsageError } from './args.ts';
import { ran } from './ran.fixture.ts';
import { testPromql } from './test-promql.ts';

let folder: string;

function script(name: string, text: string): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  return file;
}

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-promql-'));
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true });
});

describe('belfry test promql', () => {
  test('ends with the cases that passed, and exits 0 when all did', async () => {
    const file = script(
      'good.test',
      'eval instant at 0 1 + 1\n  2\n\neval instant at 0 "x"\n  expect string "x"\n',
    );
    expect(await ran(testPromql, [file])).toEqual({ code: 0, out: 'cases 2/2\n', err: '' });
  });

  test('prints where a case failed, the query, what was expected and what came', async () => {
    const file = script('bad.test', '\neval instant at 0 1 + 1\n  3\n\neval instant at 0 2\n  2\n');
    expect(await ran(testPromql, [file])).toMatchObject({
      code: 1,
      out: `${file}:2: 1 + 1\n    expected the scalar 3, got 2\ncases 1/2\n`,
    });
  });

  test('a file that cannot be read or understood is an error, the others still run', async () => {
    const good = script('good.test', 'eval instant at 0 2\n  2\n');
    const broken = script('broken.test', '\n\nevil instant\n');
    const missing = path.join(folder, 'missing.test');
    const { code, out, err } = await ran(testPromql, [broken, missing, good]);
    expect(code).toBe(1);
    expect(err).toContain(`${missing}: ENOENT`);
    expect(out).toBe(`${broken}:3: evil instant\n    expected clear, load or eval, got "evil"\ncases 1/2\n`);
  });

  test('asks for a file', async () => {
    await expect(ran(testPromql, [])).rejects.toThrow(UsageError);
  });
});
