import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type CheckLanguages, check } from './check.ts';
import { ran } from './ran.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'belfry-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const files = {
  'good.yml': 'scrape_configs: [{ job_name: a }]\nrule_files: [rules.yml]\n',
  'rules.yml':
    'groups:\n  - name: a\n    rules:\n      - { alert: A, expr: up == 0 }\n      - { record: r, expr: up }\n',
  'web.yml': 'basic_auth_users: {}\n',
  'bad.yml': 'scrape_configs:\n  - job_nam: a\nhost: 5\n',
  'warns.yml': 'remote_read: []\n',
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);

const run = (argv: string[], languages?: CheckLanguages) =>
  ran((args, io) => check(args, io, languages), argv, { cwd: folder });

test('valid files of each kind', async () => {
  expect(await run(['good.yml', 'rules.yml', 'web.yml'])).toEqual({
    code: 0,
    out: 'good.yml: valid config, 2 rules\nrules.yml: valid rule file, 2 rules\nweb.yml: valid web config\n',
    err: '',
  });
});

test('an invalid file among valid ones: exit 1 and every finding', async () => {
  expect(await run(['bad.yml', 'web.yml'])).toEqual({
    code: 1,
    out: 'bad.yml: 3 errors\nweb.yml: valid web config\n',
    err: `bad.yml:2:5: scrape_configs[0].job_nam: expected a known key, got "job_nam"; did you mean "job_name"?
bad.yml:2:5: scrape_configs[0].job_name: expected a text, got nothing
bad.yml:3:7: host: expected a mapping, got "5"
`,
  });
});

test('warnings do not make a file invalid', async () => {
  const { code, err } = await run(['warns.yml']);
  expect([code, err]).toEqual([
    0,
    'warns.yml:1:1: remote_read: warning: has no effect: nothing is read from other stores\n',
  ]);
});

test('expressions are checked through the language handed in, also in the rule files a config names', async () => {
  const checkExpr = (text: string) => (text === 'up == 0' ? { message: 'no', offset: 3 } : undefined);
  const { code, err } = await run(['good.yml'], { checkExpr });
  expect([code, err]).toEqual([1, 'rules.yml:4:30: groups[0].rules[0].expr: no\n']);
});

test('a file that is not there', async () => {
  expect(await run(['none.yml'])).toEqual({
    code: 1,
    out: 'none.yml: 1 error\n',
    err: 'none.yml:1:1: expected a readable file, got no such file\n',
  });
});

test('a folder is not a file', async () => {
  expect((await run(['.'])).err).toMatch(/:1:1: expected a readable file, got a folder\n$/);
});

test.each([[[]], [['--frobnicate', 'good.yml']]])('wrong usage: %j', async (argv) => {
  await expect(run(argv)).rejects.toThrow('check:');
});
