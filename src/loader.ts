/**
 * The first text that every thread of the executable runs: it runs the thread's program from what V8 had compiled of it when the executable was built (`scripts/record-code.ts`). Compiling
 * anew takes a third of the CPU of a start, and memory that stays.
 */
import os from 'node:os';
import path from 'node:path';
import sea from 'node:sea';
import vm from 'node:vm';
import { isMainThread, threadName } from 'node:worker_threads';
import { COMPILED, EARLY_THREAD, FILES, type LoadedProcess, packedWorker } from './platform.ts';
import { filesIn, openAppended, ownExecutable } from './program-files.ts';
import { defaultQueryBytes, maxHeapMB } from './query/settings.ts';
import { limitThreadsAlone, newWorker } from './query/thread.ts';
import { serverWords } from './server-words.ts';
import { hasHistory } from './tsdb/history.ts';

/** Read as long as the program runs, in main: also when another one was installed meanwhile. */
const files = sea.isSea() ? openAppended(ownExecutable()) : { ...filesIn(import.meta.dirname), close() {} };
(process as LoadedProcess)[FILES] = files;
if (isMainThread) limitThreadsAlone();
const served = isMainThread ? serverWords(process.argv.slice(2), process.argv0) : undefined;
if (served && isQueryExpected(served)) startEarly();
run(!isMainThread ? 'worker.cjs' : served ? 'server.cjs' : 'belfry.cjs');
if (!isMainThread) files.close();

/** As `require` would, but from what is kept; another build of Node, or other flags of V8, refuse that and compile. */
function run(name: string): void {
  const folder = sea.isSea() ? '/belfry' : import.meta.dirname;
  const file = path.join(folder, name);
  const script = new vm.Script(files.read(name)!.toString('latin1'), {
    filename: file,
    cachedData: kept(name),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  (process as LoadedProcess)[COMPILED] = script.cachedDataRejected === false ? 'at build' : 'at start';
  const program = { exports: {} };
  script.runInThisContext()(program.exports, require, program, file, folder);
}

/** Threads of one program run different parts of it; what is not kept for a thread is like a query's. */
function kept(name: string): Buffer | undefined {
  for (const thread of isMainThread ? ['main'] : [threadName, 'query']) {
    const code = files.read(`${name}.${thread}.code`);
    if (code) return code;
  }
  return undefined;
}

/**
 * Whether there is history in the directory that is to be served, as far as that can be told before the program is loaded, and a core to
 * spare for who looks at it.
 */
function isQueryExpected(words: readonly string[]): boolean {
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
    program: packedWorker(files),
    name: 'query',
    maxHeapMB: maxHeapMB(defaultQueryBytes(os.totalmem())),
  });
  thread.unref();
  thread.on('error', () => {});
  (process as LoadedProcess)[EARLY_THREAD] = thread;
}
