import { expect, test } from 'vitest';
import { type FlagSpec, parseArgs } from './args.ts';

const specs: FlagSpec[] = [
  { names: ['config', 'config.file'], kind: 'value', placeholder: 'FILE', help: 'configuration' },
  { names: ['enable-feature'], kind: 'repeated', help: 'features' },
  { names: ['lint-fatal'], kind: 'boolean', help: 'lint' },
  { names: ['web.enable-lifecycle'], kind: 'boolean', help: '', ignored: 'reload is always on' },
];

test.each([
  [['--config', 'a.yml'], 'a.yml'],
  [['--config=a.yml'], 'a.yml'],
  [['--config.file=a=b.yml'], 'a=b.yml'],
  [['-config.file', 'a.yml'], 'a.yml'],
])('%j names the configuration', (argv, expected) => {
  expect(parseArgs(argv, specs).values.get('config')).toBe(expected);
});

test('switches, negation, repetition and positional arguments', () => {
  const parsed = parseArgs(
    ['x', '--no-lint-fatal', '--enable-feature=a', '--enable-feature', 'b', '--', '--y'],
    specs,
  );
  expect(parsed.switches.get('lint-fatal')).toBe(false);
  expect(parsed.lists.get('enable-feature')).toEqual(['a', 'b']);
  expect(parsed.positional).toEqual(['x', '--y']);
});

test('a flag of Prometheus that means nothing here is a warning', () => {
  expect(parseArgs(['--web.enable-lifecycle'], specs).warnings).toEqual([
    '--web.enable-lifecycle has no effect: reload is always on',
  ]);
});

test.each([
  [['--confg', 'x'], 'unknown flag --confg (did you mean --config?)'],
  [['--zzzzzz'], 'unknown flag --zzzzzz'],
  [['--config'], '--config: expected a FILE, got nothing'],
  [['--config=a', '--config.file=b'], '--config.file is given twice'],
  [['--lint-fatal=maybe'], '--lint-fatal: expected true or false, got "maybe"'],
])('%j is refused: %s', (argv, message) => {
  expect(() => parseArgs(argv, specs)).toThrow(message);
});
