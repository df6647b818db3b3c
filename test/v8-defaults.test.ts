import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { V8_DEFAULTS } from '../scripts/pack.ts';
import { setV8Defaults } from '../scripts/v8-defaults.ts';
import { temporaryFolder } from './harness/appliance.ts';

/** What Node has compiled of its own modules: how much of it V8 took, and refused. */
const USAGE = `const { internalBinding } = require('internal/test/binding');
require('http');
const { compiledWithCache, compiledWithoutCache } = internalBinding('builtins').getCacheUsage();
console.log(compiledWithCache.size, compiledWithoutCache.size);`;

test('a Node whose V8 has other defaults takes what is compiled of its own modules', () => {
  const node = copyOfNode();
  setV8Defaults(node, V8_DEFAULTS);
  const options = execFileSync(node, ['--v8-options'], { encoding: 'utf8' });
  expect(options).toContain('default: --invocation-count-for-maglev=2000');
  expect(options).toContain('default: --no-short-builtin-calls');

  const usage = execFileSync(node, ['--expose-internals', '--no-warnings', '-e', USAGE], {
    encoding: 'utf8',
  });
  const [taken, refused] = usage.trim().split(' ').map(Number);
  expect(taken).toBeGreaterThan(20);
  expect(refused).toBe(0);
});

test('what is not as expected is left alone', () => {
  const node = copyOfNode();
  const before = fs.readFileSync(node);
  expect(() => setV8Defaults(node, { no_such_option: 1 })).toThrow('no_such_option is not found');
  expect(() => setV8Defaults(node, { short_builtin_calls: 1 })).toThrow(
    'short_builtin_calls is kept in another way than expected',
  );
  expect(fs.readFileSync(node).equals(before)).toBe(true);
});

function copyOfNode(): string {
  const dir = temporaryFolder('v8-defaults');
  onTestFinished(() => fs.rmSync(dir, { recursive: true, force: true }));
  const node = path.join(dir, 'node');
  fs.copyFileSync(`node_modules/node-linux-${process.arch}/bin/node`, node);
  return node;
}
