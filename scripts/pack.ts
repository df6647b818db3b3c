import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { appendFiles } from '../src/program-files.ts';
import { setV8Defaults } from './v8-defaults.ts';

const NODE_VERSION = '24.21.0';
/** What V8 is told: a small young generation and one helper thread suit a process that makes little garbage: 30 MB less memory. */
export const V8_FLAGS = ['--max-semi-space-size=2', '--v8-pool-size=1'];
/**
 * What V8 does unless told: no copy of its own code for each thread (2 MB each), which it makes where there are over 4 GB, to save a jump; and
 * Maglev for what has run 2,000 times, not 400: what runs that often during a start only is not worth compiling, and each compilation leaves
 * holes in the helper's heap.
 */
export const V8_DEFAULTS = { short_builtin_calls: false, invocation_count_for_maglev: 2000 };
/** What strips binaries of other processors than ours, of binutils for them. */
const STRIP: Readonly<Record<string, string>> =
  process.arch === 'x64'
    ? { 'linux-arm64': 'aarch64-linux-gnu-strip' }
    : { 'linux-x64': 'x86_64-linux-gnu-strip' };

/**
 * Makes one executable of the staging folder: `pkg --sea` puts the loader into a Node, which runs it first of all, and the files are
 * appended. Given a folder, pkg would serve it through a file system of its own: 6 MB of memory, and every call of `fs` takes longer. It
 * would download a Node; its cache is filled from npm's package instead, so that the build needs no network. The binary is stripped before
 * injection: afterwards it would not start.
 * @param target such as `linux-x64`
 */
export function pack(stage: string, target: string, output: string): void {
  const home = path.resolve('dist/pkg-home');
  fs.mkdirSync(home, { recursive: true });
  seed(home, target);
  execFileSync(
    process.execPath,
    [
      '--require',
      './scripts/sea-additions.cjs',
      'node_modules/@yao-pkg/pkg/lib-es5/bin.js',
      '--sea',
      '-t',
      `node${NODE_VERSION}-${target}`,
      '-o',
      `${output}.new`,
      path.join(stage, 'main.cjs'),
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        HOME: home,
        BELFRY_SEA: JSON.stringify({
          execArgv: V8_FLAGS,
          execArgvExtension: 'env',
        }),
      },
    },
  );
  const files = fs
    .readdirSync(stage, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile());
  const names = files.map((entry) => path.relative(stage, path.join(entry.parentPath, entry.name))).sort();
  appendFiles(
    `${output}.new`,
    Object.fromEntries(names.map((name) => [name, fs.readFileSync(path.join(stage, name))])),
  );
  // What a program writes in large pieces lies in memory in large pieces, of which each touch maps one whole: 15 MB more in a process, until
  // the next boot. A copy lies there as what was read from the disk.
  fs.renameSync(`${output}.new`, `${output}.large`);
  fs.copyFileSync(`${output}.large`, `${output}.new`);
  fs.rmSync(`${output}.large`);
  // Renamed into place: a running executable cannot be written over.
  fs.renameSync(`${output}.new`, output);
}

/** Lays out pkg's cache as if it had downloaded and unpacked Node itself. */
function seed(home: string, target: string): void {
  const stem = path.join(home, `.pkg-cache/sea/node-v${NODE_VERSION}-${target}`);
  const source = `node_modules/node-${target}/bin/node`;
  if (!fs.existsSync(source)) throw new Error(`${source} is missing: install node-${target}@${NODE_VERSION}`);
  fs.mkdirSync(`${stem}/bin`, { recursive: true });
  fs.copyFileSync(source, `${stem}/bin/node`);
  try {
    execFileSync(STRIP[target] ?? 'strip', [`${stem}/bin/node`], { stdio: 'ignore' });
  } catch {
    console.warn('no strip for this target (binutils): the executable is 18 MB larger');
  }
  setV8Defaults(`${stem}/bin/node`, V8_DEFAULTS);
  for (const file of [`${stem}/bin/node.ok`, `${stem}.tar.gz`, `${stem}.tar.gz.ok`])
    fs.writeFileSync(file, '');
}
