import { expect, test } from 'vitest';
import { createProgress } from './progress.ts';

/** What a terminal is told, and a clock to set. */
function watched() {
  const told: string[] = [];
  const time = { ms: 0 };
  const clock = { now: () => 0, monotonic: () => time.ms, after: () => ({ cancel() {} }) };
  return { told, time, clock, progress: createProgress((text) => void told.push(text), clock) };
}

/** What is seen of a line after all that was written: a terminal goes back at \r and empties the line at ESC [K. */
function seen(told: readonly string[]): string {
  let line = '';
  let at = 0;
  for (const part of told.join('').split(/(\r|\x1b\[K|\n)/)) {
    if (part === '\n') throw new Error('a new line leaves the old one standing');
    if (part === '\r') at = 0;
    else if (part === '\x1b[K') line = line.slice(0, at);
    else {
      line = line.slice(0, at) + part + line.slice(at + part.length);
      at += part.length;
    }
  }
  return line;
}

test('the line is written over in place, also by a shorter one, and gone at the end', () => {
  const { told, time, progress } = watched();
  time.ms = 1000;
  progress.read(250, 1000, 12_340_000);
  expect(seen(told)).toBe('███░░░░░░░░░░░░░░░░░░░░░ 13 %  12.34 M samples/s  7 s left');
  time.ms = 600_000;
  progress.read(500, 1000, 24_000_000);
  expect(seen(told)).toBe('███████░░░░░░░░░░░░░░░░░ 27 %  0.04 M samples/s  26 min 22 s left');
  time.ms = 600_200;
  progress.stored(2, 2);
  expect(seen(told)).toBe('████████████████████████ 100 %  day 2 of 2  0 s left');
  expect(told.every((text) => text.startsWith('\r\x1b[K'))).toBe(true);
  progress.clear();
  expect(told.at(-1)).toBe('\r\x1b[K');
  expect(seen(told)).toBe('');
});

test('it is written five times a second at most, and nothing is erased that was not written', () => {
  const { told, time, progress } = watched();
  for (time.ms = 0; time.ms < 200; time.ms++) progress.read(time.ms, 1000, time.ms);
  progress.clear();
  expect(told).toEqual([]);
  for (; time.ms < 1200; time.ms++) progress.read(time.ms, 2000, time.ms);
  expect(told).toHaveLength(5);
  progress.clear();
  progress.clear();
  expect(told).toHaveLength(6);
});

test('a file that grows while it is read shows no more than all of it, and an empty one nothing', () => {
  const { told, time, progress } = watched();
  time.ms = 500;
  progress.read(0, 0, 0);
  expect(told).toEqual([]);
  progress.read(2000, 1000, 1);
  expect(seen(told)).toContain(' 55 % ');
});

test('nothing is written where nobody watches', () => {
  const { time, clock } = watched();
  const progress = createProgress(undefined, clock);
  time.ms = 1000;
  progress.read(1, 2, 3);
  progress.stored(1, 2);
  progress.clear();
});
