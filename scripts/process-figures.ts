import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** User and system time of a process so far, ms. */
export function cpuOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** Memory of a process, MB. */
export function memoryOf({ pid }: ChildProcess): { rss: number; anonymous: number; threads: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const numberAt = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]);
  return {
    rss: (numberAt('VmRSS') * 1024) / 1e6,
    anonymous: (numberAt('RssAnon') * 1024) / 1e6,
    threads: numberAt('Threads'),
  };
}
