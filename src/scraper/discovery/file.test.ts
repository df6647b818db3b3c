import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeClock } from '../../testing/fake-clock.ts';
import { advanceUntil, runDiscoverer } from './discoverer.fixture.ts';
import { fileDiscoverer } from './file.ts';

function folder() {
  const dir = mkdtempSync(join(tmpdir(), 'belfry-file-sd-'));
  return {
    path: (name: string): string => join(dir, name),
    write: (name: string, text: string): void => writeFileSync(join(dir, name), text),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function discover(files: string[]) {
  const clock = fakeClock();
  const running = runDiscoverer(fileDiscoverer({ files, refresh_interval: 300_000 }, { clock }));
  return {
    clock,
    running,
    until: (holds: () => boolean) => running.until(holds),
    /** For what is noticed by watching: far less time passes than the refresh interval. */
    soon: (holds: () => boolean) => advanceUntil(clock, '1ms', holds),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

test('files that match are read, with their path as a label', async () => {
  using dir = folder();
  dir.write('a.json', '[{"targets":["a:1"],"labels":{"team":"x"}}]');
  dir.write('b.yml', '- targets: [b:1, b:2]\n- targets: [b:3]\n');
  dir.write('c.txt', 'not this');
  await using sd = discover([dir.path('*.json'), dir.path('b.yml'), dir.path('none.yml')]);
  await sd.until(() => sd.running.updates.length > 0);
  expect(sd.running.targets()).toEqual([
    { __address__: 'a:1', team: 'x', __meta_filepath: dir.path('a.json') },
    { __address__: 'b:1', __meta_filepath: dir.path('b.yml') },
    { __address__: 'b:2', __meta_filepath: dir.path('b.yml') },
    { __address__: 'b:3', __meta_filepath: dir.path('b.yml') },
  ]);
  expect(sd.running.problems).toEqual([]);
});

test('changes are noticed at once: other targets, fewer groups, a new file, a file gone', async () => {
  using dir = folder();
  dir.write('a.yml', '- targets: [a:1]\n- targets: [a:2]\n');
  await using sd = discover([dir.path('*.yml')]);
  await sd.until(() => sd.running.addresses().length === 2);
  dir.write('a.yml', '- targets: [a:3]\n');
  await sd.soon(() => sd.running.addresses().join() === 'a:3');
  dir.write('.new', '- targets: [b:1]\n');
  renameSync(dir.path('.new'), dir.path('b.yml'));
  await sd.soon(() => sd.running.addresses().join() === 'a:3,b:1');
  rmSync(dir.path('a.yml'));
  await sd.soon(() => sd.running.addresses().join() === 'b:1');
  expect(sd.clock.monotonic()).toBeLessThan(60_000);
});

test('a file that is wrong keeps its last groups and hurts no other', async () => {
  using dir = folder();
  dir.write('a.yml', '- targets: [a:1]\n');
  dir.write('b.yml', '- targets: [b:1]\n');
  await using sd = discover([dir.path('*.yml')]);
  await sd.until(() => sd.running.addresses().length === 2);
  dir.write('a.yml', '- targets: a:2\n');
  dir.write('b.yml', '- targets: [b:2]\n');
  await sd.soon(() => sd.running.addresses().join() === 'a:1,b:2' && sd.running.problems.length > 0);
  expect(sd.running.problems).toEqual([`${dir.path('a.yml')}: [0].targets: expected a list, got "a:2"`]);
  dir.write('a.yml', '- targets: [a:2]\n');
  await sd.soon(() => sd.running.addresses().includes('a:2'));
  expect(sd.running.problems.at(-1)).toBe('ok');
});

test('a file that has not changed is no news; a link to nothing is a file that is gone', async () => {
  using dir = folder();
  dir.write('list', '- targets: [a:1]\n');
  symlinkSync(dir.path('list'), dir.path('a.yml'));
  dir.write('b.yml', '- targets: [b:1]\n');
  await using sd = discover([dir.path('*.yml')]);
  await sd.until(() => sd.running.addresses().length === 2);
  rmSync(dir.path('list'));
  await sd.soon(() => sd.running.addresses().join() === 'b:1');
  expect(sd.running.problems).toEqual([]);
  const news = sd.running.updates.map((groups) => groups.map(({ source }) => source));
  expect(news.filter((sources) => sources.length > 0)).toEqual([
    [`${dir.path('a.yml')}:0`, `${dir.path('b.yml')}:0`],
    [`${dir.path('a.yml')}:0`],
  ]);
});

test('a file that is too long is refused before it is read', async () => {
  using dir = folder();
  dir.write('a.yml', '- targets: [a:1]\n');
  dir.write('b.yml', '');
  truncateSync(dir.path('b.yml'), 16 * 1024 * 1024 + 1);
  await using sd = discover([dir.path('*.yml')]);
  await sd.until(() => sd.running.problems.length > 0);
  expect(sd.running.addresses()).toEqual(['a:1']);
  expect(sd.running.problems).toEqual([
    `${dir.path('b.yml')}: expected a file of at most 16777216 bytes, got 16777217`,
  ]);
});

test('a folder that comes later is found with the refresh interval, and watched from then on', async () => {
  using dir = folder();
  await using sd = discover([dir.path('later/*.yml')]);
  await sd.until(() => sd.running.updates.length === 1);
  mkdirSync(dir.path('later'));
  dir.write('later/a.yml', '- targets: [a:1]\n');
  await sd.clock.advance('299s');
  expect(sd.running.addresses()).toEqual([]);
  await sd.clock.advance('1s');
  await sd.until(() => sd.running.addresses().length === 1);
  const before = sd.clock.monotonic();
  dir.write('later/a.yml', '- targets: [a:2]\n');
  await sd.soon(() => sd.running.addresses().join() === 'a:2');
  expect(sd.clock.monotonic() - before).toBeLessThan(60_000);
});

test('files that are links swapped as a whole, as Kubernetes does it', async () => {
  using dir = folder();
  mkdirSync(dir.path('v1'));
  mkdirSync(dir.path('v2'));
  dir.write('v1/a.json', '[{"targets":["a:1"]}]');
  dir.write('v2/a.json', '[{"targets":["a:2"]}]');
  symlinkSync('v1', dir.path('data'));
  symlinkSync('data/a.json', dir.path('a.json'));
  await using sd = discover([dir.path('a.json')]);
  await sd.until(() => sd.running.addresses().join() === 'a:1');
  symlinkSync('v2', dir.path('next'));
  renameSync(dir.path('next'), dir.path('data'));
  await sd.soon(() => sd.running.addresses().join() === 'a:2');
});
