import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { addonId, unpack } from './platform.ts';
import { filesIn } from './program-files.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-platform-'));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

test('the addon is unpacked once, again when it is cut off, and anew for another version', () => {
  const packed = path.join(root, 'better_sqlite3.node');
  const files = filesIn(root);
  const cache = path.join(root, 'data', 'cache');
  const pack = (text: string): void => {
    fs.writeFileSync(packed, text);
    fs.writeFileSync(`${packed}.id`, addonId(Buffer.from(text)));
  };
  pack('first version');
  const file = unpack(files, cache);
  expect(fs.readFileSync(file, 'utf8')).toBe('first version');
  const { ino } = fs.statSync(file);
  expect(unpack(files, cache)).toBe(file);
  expect(fs.statSync(file).ino).toBe(ino);

  fs.chmodSync(file, 0o700);
  fs.truncateSync(file, 5);
  expect(unpack(files, cache)).toBe(file);
  expect(fs.readFileSync(file, 'utf8')).toBe('first version');

  pack('other version');
  const other = unpack(files, cache);
  expect(other).not.toBe(file);
  expect(fs.readFileSync(other, 'utf8')).toBe('other version');
  expect(fs.readdirSync(cache)).toHaveLength(2);
});
