import { systemClock } from '../../clock.ts';
import type { Log } from '../../model/log.ts';
import { silentLog } from '../../testing/silent-log.ts';
import { type Import, openImport } from './import.ts';
import type { ImportResult } from './write-days.ts';

/** A series as name and value in turn, and its samples. */
export interface ImportedSeries {
  readonly series: readonly string[];
  readonly samples: readonly (readonly [timestamp: number, value: number])[];
}

export function begin(dir: string, all: readonly ImportedSeries[], log: Log = silentLog()): Import {
  const target = openImport({ dir, addon: () => undefined, clock: systemClock, log });
  for (const { series, samples } of all) {
    const number = target.gatherer.series(['__name__', ...series]);
    const timestamps = Float64Array.from(samples, ([timestamp]) => timestamp);
    const values = Float64Array.from(samples, ([, value]) => value);
    target.gatherer.samples(number, timestamps, values, samples.length);
  }
  return target;
}

/** Imports everything, as the command does. */
export function importAll(dir: string, all: readonly ImportedSeries[]): ImportResult {
  const target = begin(dir, all);
  try {
    for (const steps = target.store(); ; ) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  } finally {
    target.close();
  }
}

/** Some days of a few targets, none of it round. */
export function history(targets: number, days: number, stepMs = 3_600_000): ImportedSeries[] {
  const first = Date.UTC(2025, 11, 30);
  return Array.from({ length: targets * 3 }, (_, i) => {
    const target = i % targets;
    const samples: [number, number][] = [];
    for (let time = first + 101 * (target + 1); time < first + days * 86_400_000; time += stepMs) {
      if ((time / stepMs + i) % 17 >= 1) samples.push([time, i === 0 ? 1 : Math.sin(time + i)]);
    }
    return { series: [`m${Math.floor(i / targets)}`, 'job', 'j', 'instance', `h${target}`], samples };
  });
}
