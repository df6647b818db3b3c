import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { addonId, unpack } from './platform.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-platform-'));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

test('the addon is unpacked once, again when it is cut off, and anew for another version', () => {
  const packed = path.join(root, 'addon.node');
  const cache = path.join(root, 'data', 'cache');
  const pack = (text: string): void => {
    fs.writeFileSync(packed, text);
    fs.writeFileSync(`${packed}.id`, addonId(Buffer.from(text)));
  };
  pack('first version');
  const file = unpack(packed, cache);
  expect(fs.readFileSync(file, 'utf8')).toBe('first version');
  const { ino } = fs.statSync(file);
  expect(unpack(packed, cache)).toBe(file);
  expect(fs.statSync(file).ino).toBe(ino);

  fs.chmodSync(file, 0o700);
  fs.truncateSync(file, 5);
  expect(unpack(packed, cache)).toBe(file);
  expect(fs.readFileSync(file, 'utf8')).toBe('first version');

  pack('other version');
  const other = unpack(packed, cache);
  expect(other).not.toBe(file);
  expect(fs.readFileSync(other, 'utf8')).toBe('other version');
  expect(fs.readdirSync(cache)).toHaveLength(2);
});
