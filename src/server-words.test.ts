import { expect, it } from 'vitest';
import { serverWords } from './server-words.ts';

it('a server is what is started with flags alone, or with serve before them', () => {
  expect(serverWords([], 'belfry')).toEqual([]);
  expect(serverWords(['--data', 'd'], '/usr/bin/belfry')).toEqual(['--data', 'd']);
  expect(serverWords(['serve', '--data', 'd'], 'belfry')).toEqual(['--data', 'd']);
});

it('other commands, questions and other names are no server', () => {
  for (const argv of [['check', 'f'], ['--version'], ['serve', '--help'], ['-h'], ['promtool', 'check']])
    expect(serverWords(argv, 'belfry'), argv.join(' ')).toBeUndefined();
  for (const name of ['promtool', 'amtool'])
    expect(serverWords(['serve'], `/usr/local/bin/${name}`), name).toBeUndefined();
});
