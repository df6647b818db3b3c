import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { retentionSettings } from './retention-settings.ts';

const { blocks, bsize } = statfsSync(tmpdir());
const tenth = Math.floor((blocks * bsize) / 10);

test.each([
  ['an age alone', { time: 1000 }, { timeMs: 1000, sizeBytes: 0 }],
  ['a size alone', { size: 4096 }, { timeMs: 0, sizeBytes: 4096 }],
  ['a share of the file system', { percentage: 10 }, { timeMs: 0, sizeBytes: tenth }],
  ['the smaller of a size and a share', { size: 4096, percentage: 10 }, { timeMs: 0, sizeBytes: 4096 }],
  ['the smaller of a share and a size', { size: 2 * tenth, percentage: 10 }, { timeMs: 0, sizeBytes: tenth }],
  ['an age and a share', { time: 5, percentage: 10 }, { timeMs: 5, sizeBytes: tenth }],
  ['no limit', {}, { timeMs: 0, sizeBytes: 0 }],
])('retention by %s', (_what, retention, expected) => {
  expect(retentionSettings({ tsdb: { retention } }, tmpdir())).toEqual(expected);
});
