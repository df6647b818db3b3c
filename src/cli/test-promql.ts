import fs from 'node:fs';
import { runScript } from '../promql/testlang/runner.ts';
import { UsageError } from './args.ts';
import { type CliIo, EXIT } from './io.ts';

/** `belfry test promql FILE…`: runs PromQL test scripts; the last line is `cases N/M`. Exits 1 when a case fails. */
export async function testPromql(argv: readonly string[], io: CliIo): Promise<number> {
  if (argv.length === 0) throw new UsageError('test promql: expected at least one FILE');
  let passed = 0;
  let total = 0;
  let isBroken = false;
  for (const file of argv) {
    try {
      const result = runScript(fs.readFileSync(file, 'utf8'));
      passed += result.passed;
      total += result.total;
      for (const { line, expr, message } of result.failures)
        io.stdout(`${file}:${line}: ${expr}\n    ${message}\n`);
    } catch (error) {
      isBroken = true;
      io.stderr(`${file}: ${(error as Error).message}\n`);
    }
  }
  io.stdout(`cases ${passed}/${total}\n`);
  return isBroken || passed < total ? 1 : EXIT.ok;
}
