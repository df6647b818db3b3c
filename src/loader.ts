/**
 * The first text that every thread of the executable runs, as a file in main and as plain text in the others, which get by without pkg's file
 * system: it runs the thread's program from what V8 had compiled of it when the executable was built (`scripts/record-code.ts`). Compiling
 * anew takes a third of the CPU of a start, and memory that stays.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import sea from 'node:sea';
import vm from 'node:vm';
import { isMainThread, threadName } from 'node:worker_threads';
import { openAppended, ownExecutable } from './appended.ts';
import { COMPILED, EARLY_THREAD, type LoadedProcess, packedWorker } from './platform.ts';
import { defaultQueryBytes, maxHeapMB } from './query/settings.ts';
import { newWorker } from './query/thread.ts';
import { hasHistory } from './tsdb/history.ts';

if (isMainThread && isQueryExpected(process.argv.slice(2))) startEarly();
run(isMainThread ? 'belfry.cjs' : 'worker.cjs');

/** As `require` would, but from what is kept; another build of Node, or other flags of V8, refuse that and compile. */
function run(name: string): void {
  const folder = import.meta.dirname;
  const file = path.join(folder, name);
  const files = sea.isSea() ? openAppended(ownExecutable()) : filesIn(folder);
  const script = new vm.Script(files.read(name)!.toString('latin1'), {
    filename: file,
    cachedData: kept(name, files),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  files.close();
  (process as LoadedProcess)[COMPILED] = script.cachedDataRejected === false ? 'at build' : 'at start';
  const program = { exports: {} };
  script.runInThisContext()(program.exports, require, program, file, folder);
}

type Files = ReturnType<typeof openAppended>;

/** Threads of one program run different parts of it; what is not kept for a thread is like a query's. */
function kept(name: string, files: Files): Buffer | undefined {
  for (const thread of isMainThread ? ['main'] : [threadName, 'query']) {
    const code = files.read(`${name}.${thread}.code`);
    if (code) return code;
  }
  return undefined;
}

/** Before it is packed the program lies beside this file. */
function filesIn(folder: string): Files {
  return {
    read(name) {
      const file = path.join(folder, name);
      return fs.existsSync(file) ? fs.readFileSync(file) : undefined;
    },
    close() {},
  };
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
    program: packedWorker(import.meta.dirname),
    name: 'query',
    maxHeapMB: maxHeapMB(defaultQueryBytes(os.totalmem())),
  });
  thread.unref();
  thread.on('error', () => {});
  (process as LoadedProcess)[EARLY_THREAD] = thread;
}
