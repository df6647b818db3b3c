import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { adoptThread, newWorker, startThread } from './thread.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-thread-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Answers each service with what it was told to open, and where the addon lies. */
const file = path.join(folder, 'worker.mjs');
fs.writeFileSync(
  file,
  `import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ port, addonFile, init }) => port.postMessage({ addonFile, init }));
`,
);
const options = { program: { source: file, isText: false }, name: 'query', maxHeapMB: 64 };
const addonFile = '/data/cache/addon.node';

test('a thread that was started before its options were known serves like another', async () => {
  const early = newWorker(options);
  early.unref();
  const adopted = adoptThread(early, { ...options, addonFile });
  for (const thread of [adopted!, startThread({ ...options, addonFile })]) {
    const [answer] = await once(thread.serve('queries', 'a store'), 'message');
    expect(answer).toEqual({ addonFile, init: 'a store' });
    await thread.terminate();
  }
});

test('a thread with a heap of another size is ended and not taken', async () => {
  const early = newWorker({ ...options, maxHeapMB: 32 });
  const ended = once(early, 'exit');
  expect(adoptThread(early, { ...options, addonFile })).toBeUndefined();
  await ended;
});

test('a thread that has ended by itself is not taken', async () => {
  const early = newWorker(options);
  await early.terminate();
  expect(adoptThread(early, { ...options, addonFile })).toBeUndefined();
});

test('threads have the room they are given, whatever main was told of its own', () => {
  const threadFile = path.join(import.meta.dirname, 'thread.ts');
  const source = `const v8 = process.getBuiltinModule('node:v8');
let kept = [];
for (let i = 0; i < 2_000_000; i++) {
  kept.push({ i });
  if (kept.length > 200_000) kept = [];
}
console.log(v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size / 2 ** 20);
console.log(v8.getHeapStatistics().heap_size_limit / 2 ** 20);`;
  const main = `import { limitThreadsAlone, newWorker } from ${JSON.stringify(threadFile)};
limitThreadsAlone();
newWorker({ program: { source: ${JSON.stringify(source)}, isText: true }, name: 'a', maxHeapMB: 256, youngGenerationMB: 24 });`;
  const said = execFileSync(
    process.execPath,
    ['--max-semi-space-size=2', '--max-old-space-size=1000', '--input-type=module', '-e', main],
    { encoding: 'utf8' },
  );
  const [youngMB, limitMB] = said.trim().split('\n').map(Number) as [number, number];
  expect(youngMB).toBeGreaterThan(4);
  expect(limitMB).toBeLessThan(1000);
});
