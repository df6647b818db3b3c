import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from '../scripts/bundle.ts';
import { debianPackage } from '../scripts/debian.ts';
import { eventually, runToEnd, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { EXECUTABLE } from './harness/executable.ts';

test('the executable tells what it is and what it is made of', () => {
  expect(runToEnd(['version']).stdout).toMatch(/^belfry, version \S+ \(revision: \w+/);
  const bom = JSON.parse(runToEnd(['version', '--sbom']).stdout) as {
    components: { name: string; licenses: object[] }[];
  };
  const names = bom.components.map(({ name }) => name);
  for (const name of ['better-sqlite3', 'hono', 'preact', 'uplot', `node-linux-${process.arch}`])
    expect(names).toContain(name);
  expect(JSON.stringify(bom)).not.toContain('unknown');
  const licenses = runToEnd(['version', '--licenses']).stdout;
  for (const { name } of bom.components) expect(licenses).toContain(`\n${name} `);
});

test('two builds of one source put the same into the executable, byte for byte, but for what V8 compiled', async () => {
  const folder = temporaryFolder('bundles');
  try {
    const contents: Record<string, string>[] = [];
    for (const name of ['one', 'two']) {
      const stage = path.join(folder, name);
      await bundle(stage, `linux-${process.arch}`, '0.0.0');
      const files = fs.readdirSync(stage, { recursive: true, encoding: 'utf8' }).sort();
      contents.push(Object.fromEntries(files.map((file) => [file, digestOf(path.join(stage, file))])));
    }
    expect(Object.keys(contents[0]!).length).toBeGreaterThan(20);
    expect(contents[1]).toEqual(contents[0]);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

const digestOf = (file: string): string =>
  fs.statSync(file).isDirectory()
    ? 'a directory'
    : createHash('sha256').update(fs.readFileSync(file)).digest('hex');

test('every thread runs what was compiled when the executable was built', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('compiled');
  stack.defer(() => fs.rmSync(folder, { recursive: true }));
  const told = path.join(folder, 'told');
  const preload = path.join(folder, 'preload.cjs');
  // Each thread tells when its code was compiled, as soon as it knows.
  fs.writeFileSync(
    preload,
    `const key = Symbol.for('belfry.compiled');
const tell = () => {
  if (process[key] === undefined) return setTimeout(tell, 1);
  const thread = require('node:worker_threads').threadName || 'main';
  require('node:fs').appendFileSync(${JSON.stringify(told)}, thread + ' ' + process[key] + '\\n');
};
tell();`,
  );
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(config, 'self: {}\n');
  const belfry = await startAppliance(stack, {
    config,
    data: path.join(folder, 'data'),
    env: { NODE_OPTIONS: `--require ${preload}` },
  });
  await belfry.query('up');
  runToEnd(['version'], { env: { NODE_OPTIONS: `--require ${preload}` } });
  await eventually('all have told', async () => fs.readFileSync(told, 'utf8').split('\n').length > 4);
  expect(fs.readFileSync(told, 'utf8').split('\n').sort()).toEqual([
    '',
    'background at build',
    // The server and the command.
    'main at build',
    'main at build',
    'query at build',
  ]);
});

test('freed memory is given back to the system once it was quiet, and no file is left of that', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('freed');
  stack.defer(() => fs.rmSync(folder, { recursive: true }));
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(config, 'self: {}\n');
  const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  const opened = (): string[] =>
    fs.readdirSync(`/proc/${belfry.pid}/fd`).flatMap((fd) => {
      try {
        return [fs.readlinkSync(`/proc/${belfry.pid}/fd/${fd}`)];
      } catch {
        return []; // Closed meanwhile.
      }
    });
  const isLoaded = async (): Promise<boolean> => opened().some((file) => file.includes('/cache/trimmer-'));
  await eventually('it is loaded', isLoaded, 60_000);
  expect(fs.readdirSync(path.join(folder, 'data/cache')).join()).not.toContain('trimmer');
});

test('started as promtool or amtool it takes their words', () => {
  const folder = temporaryFolder('names');
  fs.writeFileSync(path.join(folder, 'prometheus.yml'), 'global: {}\n');
  for (const name of ['promtool', 'amtool']) fs.symlinkSync(EXECUTABLE, path.join(folder, name));
  const run = (name: string, ...args: string[]) =>
    spawnSync(path.join(folder, name), args, { cwd: folder, encoding: 'utf8' });
  expect(run('promtool', 'check', 'config', 'prometheus.yml').stdout).toContain('valid config');
  expect(run('amtool', 'check-config', 'none.yml').status).toBe(1);
  // Flags before the words, as every script has them: it asks, and nobody is there.
  const asked = run('amtool', '--alertmanager.url=http://127.0.0.1:6', '-o', 'json', 'alert', 'query', 'a=b');
  expect([asked.status, asked.stderr]).toEqual([1, expect.stringContaining('http://127.0.0.1:6: ')]);
  expect(run('amtool', 'cluster', 'show').status).toBe(2);
  fs.rmSync(folder, { recursive: true });
});

const hasDpkg = spawnSync('dpkg-deb', ['--version']).status === 0;
test.skipIf(!hasDpkg)('the Debian package holds the program, its unit and its texts', () => {
  const folder = temporaryFolder('deb');
  // What is packed does not matter here, and 100 MB take their time.
  const executable = path.join(folder, 'small');
  fs.writeFileSync(executable, `#!/bin/sh\nexec ${EXECUTABLE} "$@"\n`, { mode: 0o755 });
  const output = path.join(folder, 'belfry.deb');
  debianPackage({
    executable,
    architecture: 'amd64',
    version: '1.2.3',
    folder: path.join(folder, 'tree'),
    output,
  });
  const files = execFileSync('dpkg-deb', ['-c', output], { encoding: 'utf8' });
  for (const file of [
    '-rwxr-xr-x root/root .* ./usr/bin/belfry\n',
    'root/root .* ./usr/lib/systemd/system/belfry.service\n',
    './usr/share/man/man1/belfry.1.gz\n',
    './usr/share/bash-completion/completions/belfry\n',
    './usr/share/doc/belfry/copyright\n',
  ])
    expect(files).toMatch(new RegExp(file));
  expect(execFileSync('dpkg-deb', ['-f', output, 'Version', 'Architecture'], { encoding: 'utf8' })).toBe(
    'Version: 1.2.3\nArchitecture: amd64\n',
  );
  fs.rmSync(folder, { recursive: true });
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
test.skipIf(!hasSystemd)('the systemd unit is sound', () => {
  const folder = temporaryFolder('unit');
  const unit = path.join(folder, 'belfry.service');
  const text = fs.readFileSync(path.resolve(import.meta.dirname, '../packaging/belfry.service'), 'utf8');
  fs.writeFileSync(unit, text.replace('/usr/bin/belfry', EXECUTABLE));
  const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
  expect(stderr.split('\n').filter((line) => line.includes('belfry.service'))).toEqual([]);
  // As little as systemd can see: each line that protects something counts in it, but for those that DynamicUser implies.
  const exposure = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=17', unit]);
  expect([exposure.status, exposure.status === 0 || String(exposure.stdout).split('\n').at(-2)]).toEqual([
    0,
    true,
  ]);
  fs.rmSync(folder, { recursive: true });
});

test('the systemd unit keeps the data for itself and comes back after a failure', () => {
  const unit = fs.readFileSync(path.resolve(import.meta.dirname, '../packaging/belfry.service'), 'utf8');
  const lines = unit.split('\n');
  for (const line of [
    'DynamicUser=yes',
    'StateDirectory=belfry',
    'StateDirectoryMode=0700',
    'UMask=0077',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
    'ProtectSystem=strict',
    'PrivateTmp=yes',
    'Restart=always',
    'ExecReload=/bin/kill -HUP $MAINPID',
  ])
    expect(lines).toContain(line);
});

test('the image runs as nobody, has one place to write to, and asks itself whether it is well', () => {
  const text = fs.readFileSync(path.resolve(import.meta.dirname, '../packaging/Dockerfile'), 'utf8');
  const lines = text.split('\n').filter((line) => /^[A-Z]+ /.test(line));
  const of = (word: string): string[] => lines.filter((line) => line.startsWith(`${word} `));
  expect(of('USER')).toEqual(['USER 65532:65532']);
  expect(of('VOLUME')).toEqual(['VOLUME /data']);
  expect(of('HEALTHCHECK')).toEqual([
    'HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["/usr/bin/belfry", "healthy"]',
  ]);
  // What starts it comes after the user it runs as.
  expect(lines.indexOf(of('USER')[0]!)).toBeLessThan(lines.indexOf(of('ENTRYPOINT')[0]!));
  expect(text).toContain('docker run --read-only --cap-drop ALL ');
});
