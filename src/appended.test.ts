import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendFiles, openAppended } from './appended.ts';

let folder: string;
let executable: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-appended-'));
  executable = path.join(folder, 'program');
  fs.writeFileSync(executable, 'ELF and so on');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

test('files are read behind an executable, which stays as it was', () => {
  appendFiles(executable, {
    'a.cjs': Buffer.from('text'),
    'b.code': Buffer.from([0, 255, 7]),
    none: Buffer.alloc(0),
  });
  const appended = openAppended(executable);
  expect(appended.read('a.cjs')).toEqual(Buffer.from('text'));
  expect(appended.read('b.code')).toEqual(Buffer.from([0, 255, 7]));
  expect(appended.read('none')).toEqual(Buffer.alloc(0));
  expect(appended.read('c')).toBeUndefined();
  appended.close();
  expect(fs.readFileSync(executable, 'latin1').startsWith('ELF and so on')).toBe(true);
});

test('an executable that was cut or stripped says so', () => {
  expect(() => openAppended(executable)).toThrow(`${executable} has lost what was appended to it`);
});
