import { expect, test } from 'vitest';
import { serveOptions } from './cli/serve-flags.ts';
import { createLog } from './logging.ts';

test('components have levels of their own, in logfmt and JSON', () => {
  const { logLevel, logLevels } = serveOptions(
    ['--log.level=warn,scraper=debug,http=error'],
    '/',
    () => false,
  );
  for (const [format, start] of [
    ['logfmt', 'level='],
    ['json', '"level":"'],
  ] as const) {
    const lines: string[] = [];
    const log = createLog({ level: logLevel, levels: logLevels, format, out: (line) => lines.push(line) });
    for (const component of ['scraper', 'http', 'rules']) {
      const part = log.child({ component });
      part.debug({}, `${component} details`);
      part.warn({ label: 'a\nlevel=error msg="forged"' }, `${component} trouble`);
    }
    expect(lines.map((line) => /(\w+) (details|trouble)/.exec(line)![0])).toEqual([
      'scraper details',
      'scraper trouble',
      'rules trouble',
    ]);
    expect(lines.every((line) => line.includes(start) && line.indexOf('\n') === line.length - 1)).toBe(true);
  }
});

test.each([
  ['--log.level=loud', 'expected debug, info, warn, error, got "loud"'],
  ['--log.level=scrapper=debug', 'expected one of'],
])('%s is refused', (flag, message) => {
  expect(() => serveOptions([flag], '/', () => false)).toThrow(message);
});
