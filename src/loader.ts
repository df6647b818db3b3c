/**
 * The first file of every thread of the executable: runs the thread's program from what V8 had compiled of it when the executable was
 * built (`scripts/record-code.ts`). Compiling anew takes a third of the CPU of a start, and memory that stays.
 */
import fs from 'node:fs';
import module from 'node:module';
import os from 'node:os';
import path from 'node:path';
import vm from 'node:vm';
import { isMainThread, threadName } from 'node:worker_threads';
import { COMPILED, EARLY_THREAD, type LoadedProcess } from './platform.ts';
import { defaultQueryBytes, maxHeapMB } from './query/settings.ts';
import { newWorker } from './query/thread.ts';
import { hasHistory } from './tsdb/history.ts';

if (isMainThread && isQueryExpected(process.argv.slice(2))) startEarly();
run(path.join(import.meta.dirname, isMainThread ? 'belfry.cjs' : 'worker.cjs'));

/** As `require` would, but from what is kept; another build of Node, or other flags of V8, refuse that and compile. */
function run(file: string): void {
  const script = new vm.Script(fs.readFileSync(file, 'latin1'), {
    filename: file,
    cachedData: kept(file),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  (process as LoadedProcess)[COMPILED] = script.cachedDataRejected === false ? 'at build' : 'at start';
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

/**
 * Whether this will be a server of a directory with history, as far as that can be told before the program is loaded, and there is a core to
 * spare for who looks at it.
 */
function isQueryExpected([command = 'serve', ...rest]: readonly string[]): boolean {
  const words = [command, ...rest];
  const isServe = command === 'serve' || command.startsWith('-');
  if (!isServe || words.some((word) => ['-h', '--help', '--version'].includes(word))) return false;
  const at = words.findIndex((word) => /^--(data|storage\.tsdb\.path)(=|$)/.test(word));
  const [, dir = words[at + 1] ?? 'data'] = at < 0 ? ['', 'data'] : words[at]!.split('=', 2);
  try {
    return hasHistory(dir) && os.availableParallelism() > 1;
  } catch {
    return false; // The program tells what is wrong with the directory.
  }
}

/**
 * Starts the thread of the first query beside this one, with the heap of a configuration that says nothing of it. It keeps no process
 * alive, and what goes wrong in it is found out by whoever takes it.
 */
function startEarly(): void {
  const thread = newWorker({
    file: path.join(import.meta.dirname, 'main.cjs'),
    name: 'query',
    maxHeapMB: maxHeapMB(defaultQueryBytes(os.totalmem())),
  });
  thread.unref();
  thread.on('error', () => {});
  (process as LoadedProcess)[EARLY_THREAD] = thread;
}
