import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../testing/fake-clock.ts';
import { freedMemoryReturner, keepReturning, trimmer } from './freed-memory.ts';

const CHILD = `
import { readFileSync } from 'node:fs';
import { freedMemoryReturner } from '${import.meta.dirname}/freed-memory.ts';

const anonymousMB = () => Number(/RssAnon:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1000;
// What is moved into nothing is freed at once. Every twentieth piece stays, so that the C library cannot give back what lies between by itself.
const kept = [];
const freeMuch = () => {
  const pieces = Array.from({ length: 2000 }, () => Buffer.allocUnsafeSlow(60_000).fill(1));
  for (const [i, piece] of pieces.entries()) if (i % 20 === 0) kept.push(piece); else piece.buffer.transfer(0);
  return anonymousMB();
};
const returnFreed = freedMemoryReturner();
const rounds = [1, 2].map(() => ({ freed: freeMuch(), isDone: returnFreed(), returned: anonymousMB() }));
console.log(JSON.stringify({ rounds, kept: kept.length }));
`;

describe('freed memory', () => {
  it('is given back to the system, each time it is asked to', () => {
    const args = ['--input-type=module-typescript', '--eval', CHILD];
    const { rounds } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));

    for (const { freed, isDone, returned } of rounds) {
      expect(isDone).toBe(true);
      expect(returned).toBeLessThan(freed - 80);
    }
  });

  it('stays where no file can be written', () => {
    const returnFreed = freedMemoryReturner('/proc');

    expect([returnFreed(), returnFreed()]).toEqual([false, false]);
  });

  it('stays where another has put a file of that name, or a link', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-freed-'));
    const other = path.join(folder, 'other');
    fs.writeFileSync(other, 'of another');
    fs.symlinkSync(other, path.join(folder, `trimmer-${process.pid}-${threadId}`));

    expect(freedMemoryReturner(folder)()).toBe(false);
    expect(fs.readFileSync(other, 'utf8')).toBe('of another');
    fs.rmSync(folder, { recursive: true });
  });

  it('is given back by an object that both kinds of processors know, and no other', () => {
    const machine = (processor: string) => trimmer(processor)?.readUInt16LE(18);

    expect([machine('x64'), machine('arm64'), machine('riscv64')]).toEqual([62, 183, undefined]);
  });
});

describe('the watch over freed memory', () => {
  /** @param share of a core that the process uses */
  const watched = (share: number, answers: readonly boolean[] = []) => {
    const clock = fakeClock();
    const returnedAt: number[] = [];
    const timer = keepReturning({
      clock,
      cpuMs: () => clock.monotonic() * share,
      returnFreed() {
        returnedAt.push(clock.monotonic() / 1000);
        return answers[returnedAt.length - 1] ?? true;
      },
    });
    return { clock, returnedAt, timer };
  };

  it('gives it back after each 10 seconds that were quiet', async () => {
    const { clock, returnedAt } = watched(0.05);

    await clock.advance('1m');

    expect(returnedAt).toEqual([10, 20, 30, 40, 50, 60]);
  });

  it('lets a busy process keep it for ten minutes', async () => {
    const { clock, returnedAt } = watched(0.06);

    await clock.advance('20m');

    expect(returnedAt).toEqual([600, 1200]);
  });

  it('ends when it cannot be given back, and when it is told to', async () => {
    const refused = watched(0, [true, false]);
    const ended = watched(0);

    ended.timer.cancel();
    await refused.clock.advance('5m');
    await ended.clock.advance('5m');

    expect(refused.returnedAt).toEqual([10, 20]);
    expect(ended.returnedAt).toEqual([]);
  });
});
