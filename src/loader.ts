/**
 * The first file of every thread of the executable: runs the thread's program from what V8 had compiled of it when the executable was
 * built (`scripts/record-code.ts`). Compiling anew takes a third of the CPU of a start, and memory that stays.
 */
import fs from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import { isMainThread, threadName } from 'node:worker_threads';
import { COMPILED, type CompiledProcess } from './platform.ts';

run(path.join(import.meta.dirname, isMainThread ? 'belfry.cjs' : 'worker.cjs'));

/** As `require` would, but from what is kept; another build of Node, or other flags of V8, refuse that and compile. */
function run(file: string): void {
  const script = new vm.Script(fs.readFileSync(file, 'latin1'), {
    filename: file,
    cachedData: kept(file),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  (process as CompiledProcess)[COMPILED] = script.cachedDataRejected === false ? 'at build' : 'at start';
  const program = { exports: {} };
  script.runInThisContext()(program.exports, module.createRequire(file), program, file, path.dirname(file));
}

/** Threads of one program run different parts of it; what is not kept for a thread is like a query's. */
function kept(file: string): Buffer | undefined {
  for (const thread of isMainThread ? ['main'] : [threadName, 'query']) {
    const code = `${file}.${thread}.code`;
    if (fs.existsSync(code)) return fs.readFileSync(code);
  }
  return undefined;
}
