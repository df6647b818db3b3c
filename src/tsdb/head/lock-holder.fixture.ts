import { workerData } from 'node:worker_threads';

/** Holds a version odd, as main does in the middle of a change, until somebody has slept over it so many times. */
const { words, at, sleeps } = workerData as { words: SharedArrayBuffer; at: number; sleeps: number };
const versions = new Int32Array(words);
Atomics.add(versions, at, 1);
Atomics.notify(versions, at);
for (let seen = 0; seen < sleeps; ) seen += Atomics.notify(versions, at);
Atomics.add(versions, at, 1);
