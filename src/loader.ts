/**
 * The first file of the executable. V8 keeps what it compiled of the program in the cache directory, which halves the CPU of a start;
 * for that the program has to be loaded after the cache is on, by this.
 */
import fs from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { systemClock } from './clock.ts';

/** By then most of what a running monitor needs is compiled. */
const KEEP_AFTER_MS = 60_000;

/**
 * Once blocks of megabytes have come and gone, the C library keeps up to 64 MB of what each thread frees, for good; with these, which
 * it reads only at the start of a process, it gives large blocks back at once and threads share what is left.
 */
const MALLOC = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(128 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(128 * 1024),
};

const dir = cacheDir(process.argv.slice(2));
if (dir !== undefined && !Object.keys(MALLOC).some((name) => name in process.env)) startAnew();
// A directory that is not there yet is made by the program, or is a mistake that the program tells about.
if (dir !== undefined && fs.existsSync(dir)) {
  const { status } = module.enableCompileCache(path.join(dir, 'code'));
  if (status === module.constants.compileCacheStatus.ENABLED) {
    // Threads find it by this.
    process.env.NODE_COMPILE_CACHE = path.join(dir, 'code');
    systemClock.after(KEEP_AFTER_MS, () => module.flushCompileCache());
  }
}
module.createRequire(import.meta.url)('./belfry.cjs');

/** The same program in the same process, from its beginning. It goes on as it is where that is not to be had. */
function startAnew(): void {
  if (process.execve === undefined) return;
  try {
    // Node ends the process when the file is not there any more.
    fs.accessSync(process.execPath, fs.constants.X_OK);
  } catch {
    return;
  }
  process.execve(process.execPath, [process.argv0, ...process.argv.slice(2)], {
    ...process.env,
    ...MALLOC,
  });
}

/** Where `serve` will keep its cache; the flags themselves are read by the program. Undefined for other commands. */
function cacheDir(argv: readonly string[]): string | undefined {
  const [command = 'serve'] = argv;
  if (command !== 'serve' && !command.startsWith('-')) return undefined;
  const flagValue = (names: string): string | undefined => {
    const flag = new RegExp(`^--?(?:${names})(?:=(.*))?$`, 's');
    for (const [i, arg] of argv.entries()) {
      const found = flag.exec(arg);
      if (found) return found[1] ?? argv[i + 1];
    }
    return undefined;
  };
  const data = flagValue('data|storage\\.tsdb\\.path|storage\\.path') ?? 'data';
  return path.resolve(flagValue('cache-dir') ?? path.join(data, 'cache'));
}
