import { expect, test } from 'vitest';
import { PageBody } from './page-body.ts';
import { PageBuffers } from './page-buffers.ts';

test('a buffer given back is taken again, the smallest that is large enough', () => {
  const buffers = new PageBuffers();
  const small = buffers.take(20_000);
  const large = buffers.take(70_000);
  buffers.give(small.subarray(0, 5));
  buffers.give(large);
  expect(buffers.take(30_000).buffer).toBe(large.buffer);
  expect(buffers.take(10).buffer).toBe(small.buffer);
  expect(buffers.take(10).buffer).not.toBe(small.buffer);
});

test('memory of others is not taken back, nor more than is worth keeping', () => {
  const buffers = new PageBuffers();
  const foreign = new Uint8Array(20_000);
  buffers.give(foreign);
  expect(buffers.take(20_000).buffer).not.toBe(foreign.buffer);
  const huge = buffers.take(17 * 1024 * 1024);
  buffers.give(huge);
  expect(buffers.take(17 * 1024 * 1024).buffer).not.toBe(huge.buffer);
});

test('a page that grew a little fits into the buffer of the one before', () => {
  const buffers = new PageBuffers();
  const first = buffers.take(63_900);
  buffers.give(first);
  expect(buffers.take(63_921).buffer).toBe(first.buffer);
});

test('a small page does not hold a large buffer', () => {
  const buffers = new PageBuffers();
  const large = buffers.take(1_000_000);
  buffers.give(large);
  expect(buffers.take(20_000).length).toBe(20_480);
});

test('a body grows with what comes in and stops at its limit', () => {
  const body = new PageBody(100_001, 0, new PageBuffers());
  for (let i = 0; i < 10; i++) body.append(new Uint8Array(10_000).fill(i));
  expect(body.take().length).toBe(100_000);
  expect([...body.take()].every((byte, i) => byte === Math.floor(i / 10_000))).toBe(true);
  expect(() => body.append(new Uint8Array(1))).toThrow('body size limit exceeded');
});

const MB = 1024 * 1024;

/** Fills bodies as far as they may, a chunk for each in turn; their lengths, bytes. */
function fill(bodies: readonly PageBody[]): number[] {
  const chunk = new Uint8Array(MB);
  const lengths = bodies.map(() => 0);
  const open = new Set(bodies.keys());
  while (open.size > 0) {
    for (const i of open) {
      try {
        bodies[i]!.append(chunk);
        lengths[i]! += MB;
      } catch {
        open.delete(i);
      }
    }
  }
  return lengths;
}

test('any number of endless pages holds a bounded amount of memory, and leaves some for a large page that is not', () => {
  const buffers = new PageBuffers();
  const endless = Array.from({ length: 24 }, () => new PageBody(50 * MB, 0, buffers));
  const lengths = fill(endless);
  expect(lengths.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan((24 * 4 + 256) * MB);
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(4 * MB);
  expect(() => endless.at(-1)!.append(new Uint8Array(MB))).toThrow(
    'while other large pages hold so much memory',
  );
  const honest = new PageBody(50 * MB, 0, buffers);
  expect(fill([honest])).toEqual([expect.toSatisfy((bytes) => bytes >= 4 * MB)]);

  for (const body of endless) body.discard();
  honest.discard();
  expect(fill([new PageBody(50 * MB + 1, 0, buffers)])).toEqual([50 * MB]);
});

test('a page that was taken holds nothing, and one is not made large by what it declares', () => {
  const buffers = new PageBuffers();
  for (let i = 0; i < 20; i++) {
    const body = new PageBody(50 * MB, 40 * MB, buffers);
    body.append(new Uint8Array(10));
    expect(body.take().length).toBe(10);
  }
  const boasting = Array.from({ length: 100 }, () => new PageBody(50 * MB + 1, 0, buffers, 50 * MB));
  expect(fill([new PageBody(50 * MB + 1, 0, buffers)])).toEqual([50 * MB]);
  expect(boasting).toHaveLength(100);
});
