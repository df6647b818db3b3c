import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fakeClock } from '../testing/fake-clock.ts';
import { createBackground } from './background.ts';
import { type ServiceThread, startThread } from './thread.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-background-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** A thread whose `storage` answers each message, `spin` too, and never comes back from that. */
const file = path.join(folder, 'worker.mjs');
fs.writeFileSync(
  file,
  `import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ port }) =>
  port.on('message', (message) => {
    port.postMessage(message);
    if (message === 'spin') for (;;);
  }));
`,
);

function background() {
  const clock = fakeClock();
  const reasons: string[] = [];
  const answered = { pulses: 0 };
  const options = {
    program: { source: file, isText: false },
    addonFile: undefined,
    name: 'test',
    maxHeapMB: 64,
  };
  /** The thread, with an ear on what it answers to its watchdog. */
  const start = (): ServiceThread => {
    const thread = startThread(options);
    return {
      ...thread,
      serve(service, init) {
        const port = thread.serve(service, init);
        if (service === 'pulse') port.on('message', () => answered.pulses++);
        return port;
      },
    };
  };
  const made = createBackground({ start, clock, hungMs: 60_000 });
  made.onExit((reason) => reasons.push(reason));
  return { clock, reasons, answered, made };
}

/** Lets the thread answer what it was sent before. */
async function turn(port: import('node:worker_threads').MessagePort): Promise<void> {
  port.postMessage('are you there');
  await once(port, 'message');
}

test('a thread that hangs is ended, told with the reason, and the next service starts another', async () => {
  const { clock, reasons, made } = background();
  const port = made.serve('storage', undefined);
  await turn(port);
  // The next pulse comes by another port, which might be heard first.
  port.postMessage('spin');
  await once(port, 'message');
  await clock.advance('70s');
  expect(reasons).toEqual([]);
  await clock.advance('5s');
  await expect.poll(() => reasons).toEqual(['it was hung: no sign of life for 60 s']);
  await turn(made.serve('storage', undefined));
  await made.stop();
  expect(reasons).toHaveLength(1);
});

test('a thread that answers lives on, and one that ends by itself has its own reason', async () => {
  const { clock, reasons, answered, made } = background();
  await turn(made.serve('storage', undefined));
  for (let beat = 1; beat <= 40; beat++) {
    await clock.advance('15s');
    // The clock is not the machine's: the next beat waits until this one is answered.
    await expect.poll(() => answered.pulses, { timeout: 20_000, interval: 1 }).toBe(beat);
  }
  expect(reasons).toEqual([]);
  await made.stop();
  expect(reasons).toEqual([]);
});
