import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runToEnd, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { EXECUTABLE } from './harness/executable.ts';

const folder = temporaryFolder('words');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const missing = ['zsh', 'fish', 'man', 'mandoc'].filter((program) => !isThere(program));
if (missing.length > 0) console.warn(`completions and the manual are NOT tried with ${missing.join(', ')}`);

/** Runs a program of the host to its end. */
function run(program: string, args: readonly string[], input?: string) {
  const options = { cwd: folder, encoding: 'utf8', timeout: 120_000, input } as const;
  const { status, stdout, stderr } = spawnSync(program, args, options);
  return { status, stdout, stderr };
}

/** Writes what the executable prints into a file; gives its path. */
function printed(name: string, ...args: string[]): string {
  const file = path.join(folder, name);
  const { status, stdout, stderr } = runToEnd(args);
  expect([status, stderr]).toEqual([0, '']);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, stdout);
  return file;
}

test('every command that help lists tells what it does, and refuses a flag it does not know with exit code 2', () => {
  const help = runToEnd(['help']).stdout;
  const names = [...help.split('\n\n')[2]!.matchAll(/^ {2}(\S+) {2,}\S/gm)].map(([, name]) => name!);
  expect(names).toContain('serve');
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) {
    const told = runToEnd([name, '--help']);
    expect([name, told.status, told.stderr]).toEqual([name, 0, '']);
    expect(told.stdout).toMatch(new RegExp(`^belfry ${name}\\b.*\n\n.`));
  }
  expect(runToEnd(['help', 'silence']).stdout).toBe(runToEnd(['silence', '--help']).stdout);
  for (const words of ['serve', 'silence add'])
    expect([words, runToEnd([...words.split(' '), '--no-such-flag']).status]).toEqual([words, 2]);
});

test('what is no terminal gets no colours', () => {
  for (const args of [['help'], ['check', 'none.yaml'], ['version', '--licenses']])
    expect(runToEnd(args, { env: { TERM: 'xterm-256color' } }).output).not.toContain('\u001b');
});

test('a command whose reader goes away ends quietly', () => {
  const { status, stderr } = run('bash', ['-c', `set -o pipefail; '${EXECUTABLE}' help | true`]);
  expect([status, stderr]).toEqual([0, '']);
});

test.each([
  ['logfmt', (line: string) => /^ts=\S+Z level=(?<level>\w+) .*\bmsg=/.exec(line)?.groups?.level],
  ['json', (line: string) => (JSON.parse(line) as { level: string }).level],
] as const)('each line of the log is %s, and levels of components hold', async (format, levelOf) => {
  await using stack = new AsyncDisposableStack();
  const data = path.join(folder, `data-${format}`);
  const config = path.join(folder, 'none.yaml');
  fs.writeFileSync(config, '');
  const args = [`--log.format=${format}`, '--log.level=debug,notifiers=error'];
  const belfry = await startAppliance(stack, { config, data, args });
  belfry.kill('SIGTERM');
  expect(await belfry.ended).toEqual({ code: 0, signal: null });
  const lines = belfry.output().trimEnd().split('\n');
  expect(lines.map(levelOf)).toContain('info');
  expect(lines.map(levelOf)).not.toContain(undefined);
  expect(lines.at(-1)).toContain('stopped');
  // Without a route the notifiers say so, unless only errors are wanted of them.
  expect(belfry.output()).not.toContain('no route is configured');
});

/** What a person has typed, and what stands on the line after the tabulator. */
const COMPLETED = [
  ['belfry rel', 'belfry reload '],
  ['belfry silence ex', 'belfry silence expire '],
  ['belfry token create --sc', 'belfry token create --scope'],
  ['belfry serve --web.conf', 'belfry serve --web.config.file'],
  ['belfry completion f', 'belfry completion fish '],
  ['belfry help wh', 'belfry help why '],
  ['belfry import op', 'belfry import openmetrics '],
  ['belfry check unique-', 'belfry check unique-file.yaml '],
  ['belfry test rules unique-', 'belfry test rules unique-file.yaml '],
] as const;
const TYPED = COMPLETED.map(([typed]) => typed);
const WANTED = COMPLETED.map(([, line]) => line.trimEnd());

test('bash completes commands, words, flags, values and files', () => {
  fs.writeFileSync(path.join(folder, 'unique-file.yaml'), '');
  printed('belfry.bash', 'completion', 'bash');
  const lines = TYPED.map((typed) => {
    const words = typed.split(' ');
    const { stdout } = run('bash', [
      '--norc',
      '-c',
      `source ./belfry.bash; [[ $(complete -p belfry) == *_belfry* ]] || exit 1
COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _belfry; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ]);
    return [...words.slice(0, -1), stdout.trim()].join(' ');
  });
  expect(lines).toEqual(WANTED);
});

/** A shell under a pseudo-terminal: after each line it gets a tabulator, and a key that prints what is on the line then. */
const ZSH_TYPES = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=($PWD/functions \\$fpath); autoload -Uz compinit; compinit -D -u; show() { print -r -- \\"<<\\$BUFFER>>\\"; BUFFER=''; }; zle -N show; bindkey '^T' show; print re''ady"
zpty -r shell out '*ready*'
for line in "$@"; do
  zpty -w -n shell "$line"$'\\t\\x14'
  zpty -r -m shell out '*<<*>>*'
  print -r -- \${\${out##*<<}%%>>*}
done
zpty -d shell
`;

test.skipIf(!isThere('zsh'))(
  'zsh completes the same from a folder of functions, with the first tabulator',
  () => {
    printed('functions/_belfry', 'completion', 'zsh');
    fs.writeFileSync(path.join(folder, 'unique-file.yaml'), '');
    fs.writeFileSync(path.join(folder, 'types.zsh'), ZSH_TYPES);
    const { stdout } = run('zsh', ['-f', './types.zsh', ...TYPED]);
    const lines = stdout.split('\n').map((line) => line.trim().replace(/=$/, ''));
    expect(lines.slice(0, -1)).toEqual(WANTED);
  },
);

test.skipIf(!isThere('fish'))('fish completes the same', () => {
  printed('belfry.fish', 'completion', 'fish');
  fs.writeFileSync(path.join(folder, 'unique-file.yaml'), '');
  const lines = TYPED.map((typed) => {
    const { stdout } = run('fish', ['--no-config', '-c', `source ./belfry.fish; complete -C '${typed}'`]);
    return [...typed.split(' ').slice(0, -1), stdout.split(/[\t\n]/)[0]].join(' ');
  });
  expect(lines).toEqual(WANTED);
});

test.skipIf(!isThere('man'))('man renders the manual without a warning, with every command in it', () => {
  const page = printed('belfry.1', 'man');
  const { status, stdout, stderr } = run('man', ['--warnings', '-E', 'UTF-8', '-l', page]);
  expect([status, stderr]).toEqual([0, '']);
  for (const name of ['belfry serve', 'belfry silence', 'EXIT STATUS', 'SIGHUP', 'BELFRY_URL'])
    expect(stdout).toContain(name);
});

test.skipIf(!isThere('mandoc'))('mandoc finds nothing wrong with the manual', () => {
  const page = printed('belfry.1', 'man');
  const { stdout, stderr } = run('mandoc', ['-T', 'lint', '-W', 'warning', page]);
  const found = (stdout + stderr).split('\n').filter((line) => line !== '');
  // A date would make each build another one.
  expect(found.filter((line) => !line.endsWith('missing date, using "": TH'))).toEqual([]);
});
