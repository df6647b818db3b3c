import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { detectPlatform } from '../platform.ts';
import { commands } from './commands.ts';
import { completionScript } from './completion.ts';
import { commandHelp } from './help.ts';
import type { CliIo } from './io.ts';
import { manualPage } from './manual.ts';
import { translated } from './other-names.ts';

let said = '';
const io: CliIo = {
  stdout: (text) => (said += text),
  stderr: (text) => (said += text),
  env: {},
  cwd: os.tmpdir(),
};
const ALL = commands({
  clock: systemClock,
  platform: detectPlatform(),
  serve: async () => 0,
  out: new Writable(),
  io,
  isWatched: false,
  readSecret: async () => 'secret',
  isPerson: false,
});
const run = async (...argv: string[]): Promise<{ code: number; out: string }> => {
  said = '';
  const [name, ...rest] = argv;
  const code = await ALL.find((command) => command.name === name)!.run(rest, io);
  return { code, out: said };
};

test('every command and word tells its flags in help, in the manual and in all completions', () => {
  const manual = manualPage(ALL, '1.2.3');
  const scripts = (['bash', 'zsh', 'fish'] as const).map((shell) => completionScript(shell, ALL));
  for (const command of ALL) {
    expect(command.flags ?? command.words ?? command.values, command.name).toBeDefined();
    const help = commandHelp(command);
    const flags = [command.flags ?? [], ...(command.words ?? []).map((word) => word.flags)].flat();
    for (const { names, ignored } of flags) {
      if (ignored !== undefined) continue;
      expect(help).toContain(`--${names[0]}`);
      expect(manual).toContain(`\\-\\-${names[0]!.replaceAll('-', '\\-')}`);
      for (const script of scripts) expect(script).toContain(names[0]);
    }
    for (const script of scripts) expect(script).toContain(command.name);
  }
});

/** Completes a line as bash does. */
function completed(words: string[]): string[] {
  const line = `${completionScript('bash', ALL)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_belfry; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['--norc', '-c', line], { encoding: 'utf8' }).trim().split('\n');
}

test.each([
  [['belfry', 'rel'], ['reload']],
  [['belfry', 'silence', 'ex'], ['expire']],
  [['belfry', 'token', 'create', '--s'], ['--scope']],
  [
    ['belfry', 'serve', '--web.c'],
    ['--web.config.file', '--web.cors.origin'],
  ],
  [['belfry', 'completion', 'f'], ['fish']],
  [['belfry', 'help', 'wh'], ['why']],
])('bash completes %j to %j', (words, expected) => {
  expect(completed(words)).toEqual(expected);
});

const hasGroff = spawnSync('groff', ['--version']).status === 0;
test.skipIf(!hasGroff)('the manual page is good roff', () => {
  const { status, stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z'], {
    input: manualPage(ALL, '1.2.3'),
    encoding: 'utf8',
  });
  expect([status, stdout, stderr]).toEqual([0, '', '']);
});

test('init writes a configuration that check takes, and nothing over another file', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-init-'));
  const file = path.join(folder, 'belfry.yaml');
  expect((await run('init', file)).code).toBe(0);
  expect(await run('check', file)).toMatchObject({ code: 0, out: expect.stringContaining('valid config') });
  expect(await run('init', file)).toMatchObject({
    code: 1,
    out: expect.stringContaining('is there already'),
  });
  fs.rmSync(folder, { recursive: true });
});

test('hash-password prints a hash that a configuration takes', async () => {
  const { out } = await run('hash-password');
  expect(out).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}\n$/);
});

test('outside of the executable there are no licences to show', async () => {
  expect((await run('version')).out).toMatch(/^belfry, version \d+\.\d+\.\d+/);
  expect(await run('version', '--licenses')).toMatchObject({ code: 1 });
});

test.each<['promtool' | 'amtool', string, string | undefined]>([
  ['promtool', 'check config --syntax-only prometheus.yml', 'check prometheus.yml'],
  ['promtool', 'check rules a.yml b.yml', 'check a.yml b.yml'],
  ['promtool', 'check config --agent prometheus.yml', 'check prometheus.yml'],
  ['promtool', 'check config --lint=none prometheus.yml', 'check prometheus.yml'],
  ['promtool', 'check rules --lint=none --lint-fatal a.yml', 'check a.yml'],
  ['promtool', 'check rules --lint=all a.yml', 'check --lint --only duplicate-rule a.yml'],
  [
    'promtool',
    'check rules --lint=duplicate-rules --lint-fatal a.yml',
    'check --lint-fatal --only duplicate-rule a.yml',
  ],
  ['promtool', 'check config --lint-fatal a.yml', 'check --lint-fatal --only duplicate-rule a.yml'],
  ['promtool', 'test rules t.yml', 'test rules t.yml'],
  ['promtool', 'query instant http://x:1 up', 'query --url http://x:1 up'],
  [
    'promtool',
    'query range --start=1 --step 5s http://x:1 up',
    'query --url http://x:1 --start=1 --step 5s up',
  ],
  [
    'promtool',
    'tsdb create-blocks-from openmetrics f.om data --quiet',
    'import openmetrics f.om --data data --quiet',
  ],
  ['promtool', 'check rules', 'check /dev/stdin'],
  ['promtool', 'check metrics --extended --lint=none', 'metrics check --extended --lint=none'],
  ['promtool', 'check service-discovery p.yml node --timeout=1s', 'discover p.yml node --timeout=1s'],
  ['promtool', 'query range http://x:1 up', 'query --url http://x:1 --points=250 up'],
  ['promtool', 'query instant -o json http://x:1 up', 'query --url http://x:1 -o result up'],
  ['promtool', 'query --format=json instant http://x:1 up', 'query --url http://x:1 --format=result up'],
  [
    'promtool',
    'query series --match=up --match up{a="b"} http://x:1',
    'series --url http://x:1 --match=up --match up{a="b"}',
  ],
  ['promtool', 'query labels http://x:1 job', 'values --url http://x:1 job'],
  [
    'promtool',
    'query analyze --server=http://x:1 --type=histogram --match=a',
    'buckets --url=http://x:1 --type=histogram --match=a',
  ],
  [
    'promtool',
    'push metrics http://x:1 a.prom b.prom',
    'metrics push --url http://x:1 --label job=promtool a.prom b.prom',
  ],
  [
    'promtool',
    'push metrics --label=a=b http://x:1/prom/api/v1/write',
    'metrics push --url http://x:1 --path /prom/api/v1/write --label=a=b',
  ],
  ['promtool', 'debug all http://x:1', 'debug --url http://x:1'],
  ['promtool', 'debug metrics http://x:1', 'debug metrics --url http://x:1'],
  ['promtool', '--experimental promql format up', 'promql format up'],
  ['promtool', '--experimental promql label-matchers set -t =~ up a b', 'promql set -t =~ up a b'],
  ['promtool', 'promql label-matchers delete up a --experimental', 'promql delete up a'],
  ['promtool', '--enable-feature=promql-experimental-functions promql format up', 'promql format up'],
  ['promtool', '--enable-feature x test rules a.yml', 'test rules a.yml --enable-feature x'],
  ['promtool', 'tsdb list -r', 'storage list --data data -r'],
  ['promtool', 'tsdb list -r dir', 'storage list --data dir -r'],
  ['promtool', 'tsdb analyze --limit 3 dir 20260131', 'storage analyze --data dir --limit 3 20260131'],
  ['promtool', 'tsdb dump data', 'export --data data --format prom'],
  ['promtool', 'tsdb dump --match={a="b"} data', 'export --data data --format prom --match={a="b"}'],
  [
    'promtool',
    'tsdb dump --min-time=1500 --max-time 2999 --sandbox-dir-root=/tmp --format=seriesjson data',
    'export --data data --from 1.5 --to 3 --format=seriesjson',
  ],
  ['promtool', 'tsdb dump-openmetrics data', 'export --data data --format openmetrics'],
  ['promtool', 'frobnicate', undefined],
  ['amtool', 'check-config am.yml', 'check am.yml'],
  [
    'amtool',
    'silence add a=b -c why --alertmanager.url=http://x',
    'silence add a=b -c why --alertmanager.url=http://x',
  ],
  ['amtool', 'config routes test --config.file=x a=b', 'route test --config.file=x a=b'],
  // Flags before the words, as scripts have them.
  ['amtool', '--alertmanager.url=http://x alert', 'alert --alertmanager.url=http://x'],
  [
    'amtool',
    '--alertmanager.url http://x -o json silence query a=b',
    'silence query a=b --alertmanager.url http://x -o json',
  ],
  ['amtool', '-v --timeout 5s alert add a=b --verbose', 'alert add a=b --timeout 5s'],
  [
    'amtool',
    '--alertmanager.url=http://x config routes test a=b',
    'route test a=b --alertmanager.url=http://x',
  ],
  ['amtool', '--alertmanager.url=http://x config show', 'config --alertmanager.url=http://x'],
  ['amtool', 'config', 'config'],
  ['amtool', '--alertmanager.url=http://x --version', 'version'],
  [
    'amtool',
    'template render --template.glob=*.tmpl --template.text=x',
    'template --template.glob=*.tmpl --template.text=x',
  ],
])('%s %s is belfry %s', (program, line, expected) => {
  const words = translated(program, line.split(' '));
  expect(typeof words === 'object' ? words.join(' ') : words).toBe(expected);
});

test.each<['promtool' | 'amtool', string, string]>([
  ['promtool', 'debug pprof http://x:1', 'Go profiles'],
  ['promtool', 'tsdb create-blocks-from rules --start=1 a.yml', 'rehearse'],
  ['promtool', 'tsdb bench write', 'own storage'],
  ['amtool', 'cluster show', 'no cluster'],
  ['amtool', '--alertmanager.url=http://x cluster', 'no cluster'],
])('%s %s has no counterpart, and a sentence says why', (program, line, why) => {
  expect(translated(program, line.split(' '))).toContain(why);
});
