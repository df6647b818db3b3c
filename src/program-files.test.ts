import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendFiles, filesIn, openAppended } from './program-files.ts';

let folder: string;
let executable: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-files-'));
  executable = path.join(folder, 'program');
  fs.writeFileSync(executable, 'ELF and so on');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

test('files are read behind an executable, which stays as it was', () => {
  const large = Buffer.alloc(100_000, 'large');
  appendFiles(executable, {
    'a.cjs': Buffer.from('text'),
    'b.code': Buffer.from([0, 255, 7]),
    none: Buffer.alloc(0),
    large,
  });
  const appended = openAppended(executable);
  expect(appended.read('a.cjs')).toEqual(Buffer.from('text'));
  expect(appended.read('b.code')).toEqual(Buffer.from([0, 255, 7]));
  expect(appended.read('none')).toEqual(Buffer.alloc(0));
  expect(appended.read('c')).toBeUndefined();
  expect(appended.read('toString')).toBeUndefined();
  expect(appended.read('large')?.equals(large)).toBe(true);
  appended.close();
  expect(fs.readFileSync(executable, 'latin1').startsWith('ELF and so on')).toBe(true);
});

test('an executable that was cut or stripped says so', () => {
  expect(() => openAppended(executable)).toThrow(`${executable} has lost what was appended to it`);
});

test('files of a folder, and none above it', () => {
  fs.mkdirSync(path.join(folder, 'web'));
  fs.writeFileSync(path.join(folder, 'web/a.txt'), 'a');
  const files = filesIn(path.join(folder, 'web'));
  expect(files.read('a.txt')).toEqual(Buffer.from('a'));
  expect(files.read('../program')).toBeUndefined();
  expect(files.read('.')).toBeUndefined();
});
