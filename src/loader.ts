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

const dir = cacheDir(process.argv.slice(2));
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
