import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { checkFile } from '../config/load.ts';
import { parseDashboard } from '../dashboards/parse.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { checkLanguages } from './languages.ts';
import { ran } from './ran.fixture.ts';
import { testRules } from './test-rules.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (name: string): string => fs.readFileSync(path.join(root, 'examples/self', name), 'utf8');

/** Names of own metrics as the sources, and where those put them together the tests, spell them. */
const MADE = new Set(
  fs
    .readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...fs.readFileSync(path.join(root, 'src', file), 'utf8').matchAll(/'(belfry_\w+)'/g)])
    .map((match) => match[1]!),
);

test.each(['alerts.yml', 'dashboard.json'])('examples/self/%s asks for metrics that there are', (name) => {
  const asked = [...read(name).matchAll(/belfry_\w+/g)].map(([metric]) => metric);
  expect(asked.length).toBeGreaterThan(5);
  expect(asked.filter((metric) => !MADE.has(metric))).toEqual([]);
});

test('the alerts about Belfry itself are valid rules, the dashboard is drawn as it is', () => {
  const file = path.join(root, 'examples/self/alerts.yml');
  const checked = checkFile(file, { env: {}, cwd: root, ...checkLanguages(() => 0) });
  expect(checked).toMatchObject({ kind: 'rules', errors: [], warnings: [], rules: 9 });
  const dashboard = parseDashboard(JSON.parse(read('dashboard.json')), 'dashboard.json');
  expect(dashboard.panels).toHaveLength(8);
  expect(dashboard.panels.filter((panel) => panel.unsupported || panel.warnings?.length)).toEqual([]);
});

test('each shipped alert fires when there is cause, and only then', async () => {
  const clock = fakeClock();
  const deps = { clock, ...checkLanguages(clock.now) };
  const cwd = path.join(root, 'examples/self');
  expect(await ran((argv, io) => testRules(argv, io, deps), ['alerts.test.yml'], { cwd })).toEqual({
    code: 0,
    out: 'Unit Testing:  alerts.test.yml\n  SUCCESS\n\n',
    err: '',
  });
  const [, troubles = ''] = read('alerts.test.yml').split('each trouble has its alert');
  const alerts = [...read('alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
  expect(alerts).toHaveLength(9);
  expect(alerts.filter((name) => !troubles.includes(name))).toEqual([]);
});

test('docs/operations.md names metrics that there are', () => {
  const operations = fs.readFileSync(path.join(root, 'docs/operations.md'), 'utf8');
  const named = [...operations.matchAll(/`(belfry_\w+)/g)].map(([, metric]) => metric!);
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((metric) => !MADE.has(metric))).toEqual([]);
});
