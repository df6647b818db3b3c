// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of config files look like that

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codePoint } from '../testing/code-point.ts';
import { fuzzCases, fuzzTimeout } from '../testing/fuzz-cases.ts';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './load.ts';
import { redactConfig, redactedAlertmanagerConfig } from './redact.ts';

const project = resolve(import.meta.dirname, '../..');
const seeds = [
  'config.example.yaml',
  'examples/guide/prometheus.yml',
  'examples/guide/alertmanager.yml',
  'examples/guide/alerts/database.yml',
].map((file) => readFileSync(join(project, file), 'utf8'));

/** Pieces that mean something to YAML or to us. */
const piece = fc.oneof(
  fc.constantFrom(
    ...'-:[]{}#&*!|>\'"%@`,?~$\\\t\n\r \u0000\u0085\ud83d',
    '<<: *a',
    '&a ',
    '*a',
    '---\n',
    '!!binary ',
    '__proto__: ',
    'null',
    '${X}',
    '0x1f',
  ),
  fc.string({ unit: codePoint, maxLength: 5 }),
);

const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), drop: fc.nat(20), insert: piece });

const mutated = fc
  .record({
    seed: fc.constantFrom(...seeds),
    from: fc.double({ min: 0, max: 0.7, noNaN: true }),
    edits: fc.array(edit, { maxLength: 6 }),
  })
  .map(({ seed, from, edits }) => {
    let text = seed.slice(Math.floor(from * seed.length));
    for (const { at, drop, insert } of edits) {
      const offset = Math.floor(at * text.length);
      text = text.slice(0, offset) + insert + text.slice(offset + drop);
    }
    return text;
  });

function load(text: string): void {
  loadConfig('c.yaml', { env: {}, cwd: '/etc', files: { read: () => text, glob: () => [] } });
}

test(
  'a damaged config gives a config or a ConfigError with places in it, never another error',
  () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const lines = text.split(/\r\n|[\n\r]/).length + 1;
        try {
          load(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          for (const { line, column, message } of (error as ConfigError).findings) {
            expect(line).toBeGreaterThanOrEqual(1);
            expect(line).toBeLessThanOrEqual(lines);
            expect(column).toBeGreaterThanOrEqual(1);
            expect(message).not.toMatch(/undefined|\[object|Invalid input/);
          }
        }
      }),
      { numRuns: fuzzCases(300, 0.25) },
    );
  },
  fuzzTimeout(60_000),
);

test(
  'redacting a damaged config never fails on what is YAML',
  () => {
    fc.assert(
      fc.property(mutated, (text) => {
        expect(typeof redactConfig(text)).toBe('string');
        expect(typeof redactedAlertmanagerConfig(text)).toBe('string');
      }),
      { numRuns: fuzzCases(100, 0.1) },
    );
  },
  fuzzTimeout(60_000),
);
