import { existsSync, globSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { checkFile } from '../config/load.ts';
import { detectPlatform } from '../platform.ts';
import { parseArgs } from './args.ts';
import { commands } from './commands.ts';
import { checkLanguages } from './languages.ts';
import { translated } from './other-names.ts';
import { LOG_COMPONENTS } from './serve-flags.ts';

const root = resolve(import.meta.dirname, '../..');
const PAGES = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })].sort();
const read = (page: string): string => readFileSync(join(root, page), 'utf8');

const say = (): void => {};
const io = { stdout: say, stderr: say, env: {}, cwd: os.tmpdir() };
const ALL = commands({
  clock: systemClock,
  platform: detectPlatform(),
  serve: async () => 0,
  out: new Writable(),
  io,
  isWatched: false,
  readSecret: async () => '',
  isPerson: false,
});

/** Command lines of a page as people see them: in backticks, and lines of blocks for the shell. */
function commandLines(page: string): string[] {
  const text = read(page);
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block]) => block!.split('\n'));
  const inline = [...text.replace(/^```.*?^```/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
  return [...blocks.map((line) => line.replace(/ +#.*/, '')), ...inline]
    .flatMap((line) => line.split('&&'))
    .map((line) => line.trim().replace(/^(\$ |\.\/dist\/)/, ''))
    .filter((line) => /^belfry [a-z]/.test(line));
}

/** What is wrong with a command line: a command, word or flag that there is not, or a flag without its value. */
function mistake(line: string): string | undefined {
  const given = [...line.matchAll(/'([^']*)'|(\S+)/g)].slice(1).map(([, quoted, bare]) => quoted ?? bare!);
  // Choices and what may be left out, as in `[list]` and `bash|zsh`.
  const words = given.map((word) => word.replace(/^\[+|\]+$|…$/g, '').split(/\\?\|/)[0]!);
  const [name = '', ...rest] = words;
  if (name === 'promtool' || name === 'amtool') return undefined;
  const command = ALL.find((one) => one.name === name);
  if (!command) return name === 'help' ? undefined : `no command ${name}`;
  const word = command.words?.find((one) => one.name === rest[0]);
  if (command.words && !word && rest[0] && /^[a-z]+$/.test(rest[0])) return `no word ${rest[0]}`;
  const specs = word ? word.flags : (command.flags ?? command.words?.flatMap(({ flags }) => flags) ?? []);
  try {
    parseArgs(
      rest.filter((one) => one !== ''),
      specs,
    );
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test('every command line of the documentation is one that there is', () => {
  const lines = PAGES.flatMap((page) => commandLines(page).map((line) => [page, line] as const));
  expect(lines.length).toBeGreaterThan(60);
  const wrong = lines.map(([page, line]) => [page, line, mistake(line)]).filter(([, , found]) => found);
  expect(wrong).toEqual([]);
  // The test is able to fail.
  for (const line of [
    'belfry chek x',
    'belfry silence ad',
    'belfry backup DIR --ur URL',
    'belfry query up --time',
  ])
    expect([line, mistake(line)]).toEqual([line, expect.any(String)]);
});

test('what docs/migration.md says of promtool and amtool is so', () => {
  const table = read('docs/migration.md').split('## promtool and amtool')[1]!;
  const rows = [...table.matchAll(/^\| (.*?) \| (.*?) \|$/gm)].map(
    ([, there, here]) => [there!, here!] as const,
  );
  expect(rows.length).toBeGreaterThan(5);
  for (const [there, here] of rows) {
    let program: 'promtool' | 'amtool' | undefined;
    for (const [, code] of there.matchAll(/`([^`]+)`/g)) {
      const words = code!.split(' ');
      if (words[0] === 'promtool' || words[0] === 'amtool') program = words.shift() as 'promtool' | 'amtool';
      if (!program || words[0]?.startsWith('-')) continue;
      // `check config`, `check rules`: the first word is said once in a list.
      const found = [translated(program, [...words, 'x'])].flat()[0];
      // A sentence, not a command.
      if (here.startsWith('none')) expect([code, found]).toEqual([code, expect.stringContaining(' ')]);
      else
        expect([code, `\`${found}\``]).toEqual([
          code,
          expect.toSatisfy(
            (name: string) => here.includes(name.slice(0, -1)) || here.includes(`belfry ${found}`),
          ),
        ]);
    }
  }
});

test('tests and limits that docs/security.md names are there', () => {
  const table = read('docs/security.md').split('### What may come in')[1]!.split('\n## ')[0]!;
  const rows = [...table.matchAll(/^\| (.*?) \| (.*?) \| (.*?) \|$/gm)].slice(1);
  expect(rows.length).toBeGreaterThan(15);
  const sources = globSync('src/**/*.ts', { cwd: root })
    .filter((file) => !/\.(test|fixture|bench)\.ts$/.test(file))
    .map(read)
    .join('\n');
  for (const [, , bound, proof] of rows) {
    for (const [, name] of bound!.matchAll(/`([A-Z_]{4,})`/g)) expect(sources).toContain(`const ${name}`);
    let file = '';
    for (const [, path, name] of proof!.matchAll(/`([^`]+)`|"([^"]+)"/g)) {
      if (path) file = read(path);
      else expect(file).toContain(name);
    }
  }
});

test('each part that names itself in the log can be given a level, and docs/operations.md lists them', () => {
  const named = ['src/parts.ts', 'src/app.ts'].flatMap((file) =>
    [...read(file).matchAll(/log\.child\(\{ component: '([a-z-]+)'/g)].map(([, name]) => name!),
  );
  const listed = /of components: ([a-z, -]+)\./.exec(read('docs/operations.md'))![1]!.split(', ');
  expect([...new Set(named)].sort()).toEqual([...LOG_COMPONENTS]);
  expect(listed).toEqual([...LOG_COMPONENTS]);
});

test('every link within the documentation leads somewhere', () => {
  const dead: string[] = [];
  let count = 0;
  const anchors = (page: string): string[] =>
    [...readFileSync(page, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
  for (const page of PAGES) {
    for (const [, to] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(to!)) continue;
      count++;
      const [file = '', anchor] = to!.split('#');
      const path = file === '' ? join(root, page) : join(root, dirname(page), file);
      if (!existsSync(path) || (anchor && !anchors(path).includes(anchor))) dead.push(`${page}: ${to}`);
    }
  }
  expect(count).toBeGreaterThan(50);
  expect(dead).toEqual([]);
});

test('every configuration that the documentation shows is valid', () => {
  const wrong: string[] = [];
  let count = 0;
  for (const page of PAGES) {
    for (const [, block] of read(page).matchAll(/^```yaml\n(.*?)^```/gms)) {
      count++;
      const text = whole(block!);
      const files = { read: () => text, glob: () => [] };
      const { errors } = checkFile('shown.yaml', { env: {}, cwd: root, files, ...checkLanguages(() => 0) });
      // A sketch of hashes is none, and rightly refused.
      const found = errors.filter(({ message }) => !/hash/.test(message));
      for (const { line, message } of found) wrong.push(`${page}: line ${line} of a block: ${message}`);
    }
  }
  expect(count).toBeGreaterThanOrEqual(10);
  expect(wrong).toEqual([]);
});

/** A block as a file: a list of rules gets a group, a route the receivers it names. */
function whole(block: string): string {
  if (/^- (alert|record):/m.test(block))
    return `groups:\n  - name: shown\n    rules:\n${block.replace(/^/gm, '      ')}\n`;
  const named = new Set([...block.matchAll(/receiver: ([\w-]+)/g)].map(([, name]) => name));
  if (/^route:/m.test(block) && !/^receivers:/m.test(block))
    return `${block}receivers: [${[...named].map((name) => `{name: ${name}}`).join(', ')}]\n`;
  return block;
}
