import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

/** What each package imports beside itself, what is free to all and its own section's types from `config/`. The house's one direction of knowledge. */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  model: [],
  sqlite: [],
  access: ['model', 'sqlite'],
  encoding: ['model'],
  net: [],
  exposition: ['model'],
  promql: ['model'],
  config: ['model'],
  scraper: ['model', 'exposition', 'net'],
  templates: ['model'],
  tsdb: ['model', 'encoding', 'sqlite'],
  backup: ['model', 'tsdb', 'sqlite'],
  import: ['model', 'exposition', 'tsdb', 'sqlite'],
  query: ['model', 'tsdb', 'promql'],
  remote: ['model', 'exposition', 'tsdb', 'sqlite'],
  rules: ['model', 'templates', 'query', 'promql', 'sqlite'],
  rehearse: ['model', 'rules', 'notifiers', 'templates'],
  notifiers: ['model', 'templates', 'sqlite', 'net'],
  dashboards: ['model', 'sqlite'],
  incidents: ['model', 'sqlite'],
  'log-tail.ts': ['logging.ts'],
  'logging.ts': ['model', 'log-tail.ts'],
  'platform.ts': ['program-files.ts'],
  'program-files.ts': [],
  'server-words.ts': [],
  'version.ts': [],
};

/** Small roots, where everything is joined. */
const ROOTS = new Set([
  'app.ts',
  'loader.ts',
  'main.ts',
  'parts.ts',
  'serve.ts',
  'server.ts',
  'query/worker.ts',
  'query/seldom-services.ts',
]);
/** What every package may import. */
const FREE = new Set(['clock.ts', 'make-directory.ts']);
/** Packages that are handed objects and may name the types of any. */
const EDGES = new Set(['http', 'cli', 'testing']);

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

const src = path.resolve(import.meta.dirname, '../src');

function sources(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return sources(full);
    // x.fixture.ts stands beside x.test.ts and is for tests only.
    return /(?<!\.test|\.bench|\.fixture|\.d)\.ts$/.test(entry.name) ? [full] : [];
  });
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const pattern =
    /^\s*(?:import|export)\s+(type\s+)?[^'"]*?from\s+['"](\.[^'"]+)['"]|^\s*import\s+['"](\.[^'"]+)['"]/gm;
  for (const match of fs.readFileSync(file, 'utf8').matchAll(pattern)) {
    const target = path.relative(src, path.resolve(path.dirname(file), match[2] ?? match[3]!));
    found.push({ file: path.relative(src, file), target, typeOnly: match[1] !== undefined });
  }
  return found;
}

const packageOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file);

/** Violations of the table, as text; `imports` is handed in so that the rule itself can be tested. */
function violations(imports: readonly Import[]): string[] {
  return imports.flatMap(({ file, target, typeOnly }) => {
    const from = packageOf(file);
    const to = packageOf(target);
    if (file === 'version.ts' && target === '../package.json') return [];
    if (target.startsWith('..')) return [`${file} imports ${target}: outside src`];
    if (ROOTS.has(file) || from === to || FREE.has(target)) return [];
    if (to === 'testing') return [`${file} imports ${target}: testing/ is for tests only`];
    if (EDGES.has(from)) return [];
    if (ROOTS.has(target) || to === 'http' || to === 'cli')
      return [`${file} imports ${target}: nothing imports the edge`];
    if (FREE.has(from)) return [`${file} imports ${target}: it may import nothing of ours`];
    const allowed = TABLE[from];
    if (!allowed) return [`${file}: package ${from} is not in the table`];
    if (to === 'config' && typeOnly && from !== 'model' && from !== 'sqlite') return [];
    return allowed.includes(to)
      ? []
      : [`${file} imports ${target}: ${from} may import ${allowed.join(', ') || 'nothing of ours'}`];
  });
}

test('every import follows the table of packages', () => {
  expect(violations(sources(src).flatMap(importsOf))).toEqual([]);
});

test('the table names everything in src, and allows nothing in vain', () => {
  const entries = fs.readdirSync(src).filter((name) => !/\.(test|fixture)\.ts$/.test(name));
  const named = [
    ...Object.keys(TABLE),
    ...[...ROOTS].filter((file) => !file.includes('/')),
    ...FREE,
    ...EDGES,
  ];
  expect(named.toSorted()).toEqual(entries.toSorted());
  const imported = Map.groupBy(
    sources(src)
      .flatMap(importsOf)
      .filter(({ file }) => !ROOTS.has(file)),
    ({ file }) => packageOf(file),
  );
  for (const [name, allowed] of Object.entries(TABLE)) {
    const targets = (imported.get(name) ?? []).map(({ target }) => packageOf(target));
    expect(allowed.filter((one) => !targets.includes(one)).map((one) => `${name}: ${one}`)).toEqual([]);
  }
});

test('ARCHITECTURE.md says of each package what the table says', () => {
  const text = fs.readFileSync(path.join(src, '../ARCHITECTURE.md'), 'utf8');
  const rooms = new Map(
    Array.from(text.matchAll(/^\| `([a-z]+)\/` \|.*\| ([^|]+) \|$/gm), ([, name, knows]) => [name!, knows!]),
  );
  const packages = Object.entries(TABLE).filter(([name]) => !name.endsWith('.ts'));
  for (const [name, allowed] of packages) {
    const knows = allowed.length === 0 ? 'nothing of ours' : allowed.join(', ');
    expect(`${name} knows ${rooms.get(name)}`).toBe(`${name} knows ${knows}`);
  }
});

test('the check notices an import against the table', () => {
  expect(
    violations([
      { file: 'promql/parse.ts', target: 'tsdb/head.ts', typeOnly: false },
      { file: 'rules/group.ts', target: 'notifiers/route.ts', typeOnly: true },
      { file: 'model/labels.ts', target: 'config/config.ts', typeOnly: true },
      { file: 'tsdb/store.ts', target: 'testing/fake-clock.ts', typeOnly: false },
    ]),
  ).toHaveLength(4);
});

test('the system clock and timers are read in clock.ts only', () => {
  const offenders = sources(src)
    .filter((file) => !file.endsWith('/clock.ts'))
    .filter((file) =>
      // Sockets have a setTimeout of their own.
      /\b(Date\.now\(|new Date\(\))|(?<![.\w])(setTimeout|setInterval)\(/.test(fs.readFileSync(file, 'utf8')),
    )
    .map((file) => path.relative(src, file));
  expect(offenders).toEqual([]);
});
