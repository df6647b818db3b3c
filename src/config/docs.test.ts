import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { configurationPage } from '../../scripts/config-docs.ts';

test('docs/configuration.md is what the schema says; else run: node scripts/config-docs.ts', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
  expect(page).toBe(configurationPage());
});

test('every key has its meaning told', () => {
  const rows = [...configurationPage().matchAll(/^\| `(\w+)` \|.*\| (.*) \|$/gm)];
  expect(rows.length).toBeGreaterThan(500);
  expect(rows.filter(([, , meaning]) => meaning!.trim() === '').map(([, key]) => key)).toEqual([]);
});
