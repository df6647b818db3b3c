// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of config files look like that
import { expect, test } from 'vitest';
import { expandEnv } from './expand-env.ts';
import { duration, goDuration, hostPort, isPlaceholder, regex, size, url } from './leaves.ts';
import { nearest } from './nearest.ts';

test.each([
  ['0', 0],
  ['1B', 1],
  ['1KB', 1024],
  ['1KiB', 1024],
  ['512MB', 536_870_912],
  ['1.5GB', 1_610_612_736],
  ['2TiB', 2_199_023_255_552],
])('size %s is %d bytes', (text, bytes) => {
  expect(size().parse(text)).toBe(bytes);
});

test.each(['', '10', '10 MBit', '-1MB', 'MB'])('size %j is refused', (text) => {
  expect(size().safeParse(text).error?.issues[0]?.message).toBe(
    `expected a size such as "512MB" or "10GB", got ${JSON.stringify(text)}`,
  );
});

test.each([
  ['0', 0],
  ['1.5s', 1500],
  ['2m30s', 150_000],
  ['.5h', 1_800_000],
  ['100ms', 100],
])('Go duration %s is %d ms', (text, ms) => {
  expect(goDuration().parse(text)).toBe(ms);
});

test('durations are in ms', () => {
  expect(duration().parse('1d12h')).toBe(129_600_000);
  expect(duration().safeParse('1.5m').success).toBe(false);
});

test.each([
  ['mail.example.org:587', true],
  ['[::1]:25', true],
  ['::1:25', false],
  ['mail.example.org', false],
  ['mail.example.org:', false],
])('host:port %s: %s', (text, isValid) => {
  expect(hostPort('a:1').safeParse(text).success).toBe(isValid);
});

test.each([
  ['https://example.org/x?y=z', true],
  ['http://127.0.0.1:8080', true],
  ['YOUR-SLACK-WEBHOOK-URL', true],
  ['<YOUR-URL>', true],
  ['https://hooks.example.org/${TOKEN}', true],
  ['${SLACK_URL}', true],
  ['example.org/x', false],
  ['ftp://example.org', false],
  ['https://', false],
  ['', false],
])('url %s: %s', (text, isValid) => {
  expect(url().safeParse(text).success).toBe(isValid);
});

test('an upper-case word is no placeholder, several joined are', () => {
  expect(isPlaceholder('URL')).toBe(false);
  expect(isPlaceholder('YOUR_URL')).toBe(true);
});

test('a regular expression is RE2: no look-around, no back-references', () => {
  expect(regex().safeParse('a(?=b)').success).toBe(false);
  expect(regex().safeParse('(a)\\1').success).toBe(false);
  expect(regex().safeParse('(?P<x>a)').success).toBe(true);
  expect(regex().safeParse('a'.repeat(4097)).success).toBe(false);
});

test.each([
  ['plain', 'plain', []],
  ['${USER}@${HOST:-localhost}', 'ann@localhost', []],
  ['${EMPTY:-x}', 'x', []],
  ['${EMPTY}', '', []],
  ['${NO_SUCH}/a', '${NO_SUCH}/a', ['NO_SUCH']],
  ['$$USER $${USER} 100$', '$USER ${USER} 100$', []],
  ['$1 ${1} ${1a} $USER', '$1 ${1} ${1a} $USER', []],
  ['${NO_SUCH:-}', '', []],
])('expandEnv(%s)', (text, expanded, unset) => {
  expect(expandEnv(text, { USER: 'ann', EMPTY: '' })).toEqual({ text: expanded, unset });
});

test('external labels expand bare variables too', () => {
  expect(expandEnv('$USER-${USER}-$1', { USER: 'ann' }, { bare: true }).text).toBe('ann-ann-$1');
});

test.each([
  ['scrape_intervall', 'scrape_interval'],
  ['job-name', 'job_name'],
  ['Target', 'targets'],
  ['recievers', 'receivers'],
  ['colour', undefined],
])('nearest(%s) is %s', (word, expected) => {
  expect(nearest(word, ['scrape_interval', 'job_name', 'targets', 'receivers'])).toBe(expected);
});
