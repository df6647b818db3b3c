import { expect, test } from 'vitest';
import { createBudget } from './budget.ts';
import { CANCEL, CONTROL, newControl } from './protocol.ts';

const limits = { maxSamples: 100, maxBytes: 1000, maxResultBytes: 1000, timeoutMs: 1000 };

test('bytes that were given back count for the peak, and may be taken again', () => {
  const budget = createBudget(limits, newControl(), () => 0);
  budget.bytes(900);
  budget.bytes(-800);
  budget.bytes(850);
  expect(budget.peakBytes()).toBe(950);
  expect(() => budget.bytes(51)).toThrow('1001 bytes of at most 1000 (query.max_bytes)');
});

test('garbage is collected for each quarter of the limit that was taken, whatever was given back', () => {
  let collections = 0;
  const budget = createBudget(
    limits,
    newControl(),
    () => 0,
    () => collections++,
  );
  for (let i = 0; i < 10; i++) {
    budget.bytes(100);
    budget.bytes(-100);
  }
  expect(collections).toBe(3);
});

test('a query ends at its time even when nobody told it to', () => {
  let now = 0;
  const budget = createBudget(limits, newControl(), () => now);
  now = 1000;
  budget.check();
  now = 1001;
  expect(() => budget.check()).toThrow('query.timeout is 1000 ms');
});

test.each([
  [CANCEL.clientGone, 'the client went away'],
  [CANCEL.byUser, 'by an administrator'],
  [CANCEL.shutdown, 'the server is shutting down'],
  [CANCEL.deadline, 'query.timeout is 1000 ms'],
])('a query that takes or gives back bytes heeds its cancel word %d', (reason, text) => {
  const control = newControl();
  const budget = createBudget(limits, control, () => 0);
  budget.bytes(10);
  control[CONTROL.cancel] = reason;
  expect(() => budget.bytes(10)).toThrow(text);
  expect(() => budget.bytes(-10)).toThrow(text);
});

test('samples are counted in sum, to the limit and not past it', () => {
  const budget = createBudget(limits, newControl(), () => 0);
  budget.samples(60);
  budget.samples(40);
  expect(budget.samplesRead()).toBe(100);
  expect(() => budget.samples(1)).toThrow('101 of at most 100 (query.max_samples)');
});
