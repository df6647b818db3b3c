import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

/**
 * For `node --import`: the process kills itself before its nth change of the names in a directory, n being KILL_AT. A tree is removed
 * name by name. What SQLite does to its files is not among these changes.
 */
let left = Number(process.env.KILL_AT);
const step = (): void => {
  if (--left === 0) process.kill(process.pid, 'SIGKILL');
};

const { renameSync, mkdirSync, linkSync, rmSync } = fs;
Object.assign(fs, {
  renameSync(...args: Parameters<typeof renameSync>) {
    step();
    renameSync(...args);
  },
  mkdirSync(...args: Parameters<typeof mkdirSync>) {
    step();
    return mkdirSync(...args);
  },
  linkSync(...args: Parameters<typeof linkSync>) {
    step();
    linkSync(...args);
  },
  rmSync(target: string, options: Parameters<typeof rmSync>[1]) {
    const isTree = options?.recursive && fs.statSync(target, { throwIfNoEntry: false })?.isDirectory();
    const names = isTree ? fs.readdirSync(target) : [];
    for (const name of names) fs.rmSync(path.join(target, name), options);
    step();
    rmSync(target, options);
  },
});
syncBuiltinESMExports();
