import { expect, test } from 'vitest';
import { createBudget } from './budget.ts';
import { newControl } from './protocol.ts';

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
