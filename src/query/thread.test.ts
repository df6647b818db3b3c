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
