import { expect, test } from 'vitest';
import { TargetMetadata } from './target-metadata.ts';

/** Reads `count` pages that are recognised, but for what is told of them first. */
function pages(metadata: TargetMetadata, count: number, told: readonly string[] = []): void {
  for (let i = 0; i < count; i++) {
    metadata.start();
    if (i === 0) for (const family of told) metadata.describe(family, { help: 'Help.' });
    metadata.pageRead(i === 0 && told.length > 0);
  }
}

test('the families of a first page are known without counting them', () => {
  const metadata = new TargetMetadata();
  pages(metadata, 30, ['a', 'b']);
  expect(metadata.isCountDue).toBe(false);
});

test('once a page had other families they are counted, eleven pages after the last time at the earliest', () => {
  const metadata = new TargetMetadata();
  pages(metadata, 5, ['a', 'b']);
  pages(metadata, 5, ['c']);
  expect(metadata.isCountDue).toBe(false);
  pages(metadata, 1);
  expect(metadata.isCountDue).toBe(true);
  metadata.count(new Set(['a', 'c']));
  expect(metadata.isCountDue).toBe(false);
  pages(metadata, 11);
  expect([...metadata.families.keys()]).toEqual(['a', 'c']);
});

test('families that a page told before it was refused are counted with those of the next', () => {
  const metadata = new TargetMetadata();
  metadata.start();
  metadata.describe('gone', { help: 'Help.' });
  pages(metadata, 11, ['a']);
  expect(metadata.isCountDue).toBe(true);
});
