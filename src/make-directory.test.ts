import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeDirectory } from './make-directory.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-make-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

test('makes what is missing, for the owner only, and leaves what is there', () => {
  const dir = path.join(folder, 'a', 'b', 'c');
  makeDirectory(dir);
  fs.writeFileSync(path.join(dir, 'kept'), '');
  makeDirectory(dir);
  expect(fs.readdirSync(dir)).toEqual(['kept']);
  for (const made of [dir, path.dirname(dir), path.join(folder, 'a')])
    expect(fs.statSync(made).mode & 0o777).toBe(0o700);
});

test('says why it cannot: a file in its place or above it, a parent that takes no directories', () => {
  const file = path.join(folder, 'file');
  fs.writeFileSync(file, '');
  expect(() => makeDirectory(file)).toThrow('EEXIST');
  expect(() => makeDirectory(path.join(file, 'below'))).toThrow('ENOTDIR');
  expect(() => makeDirectory('/proc/belfry/data')).toThrow(/ENOENT|EACCES|EPERM/);
});
