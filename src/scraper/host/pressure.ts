import type { Family } from '../../exposition/text-writer.ts';
import { counter, type HostCollector } from './host-collector.ts';
import { type HostFiles, numberOf } from './host-files.ts';

const MICROSECONDS_PER_SECOND = 1_000_000;

const LINES = [
  { resource: 'cpu', line: 'some', name: 'node_pressure_cpu_waiting_seconds_total' },
  { resource: 'io', line: 'some', name: 'node_pressure_io_waiting_seconds_total' },
  { resource: 'io', line: 'full', name: 'node_pressure_io_stalled_seconds_total' },
  { resource: 'memory', line: 'some', name: 'node_pressure_memory_waiting_seconds_total' },
  { resource: 'memory', line: 'full', name: 'node_pressure_memory_stalled_seconds_total' },
] as const;

/** Time that processes had to wait for CPU, disk or memory. Kernels without pressure information give none. */
export function pressureCollector(files: HostFiles): HostCollector {
  return {
    name: 'pressure',
    collect() {
      const families: Family[] = [];
      for (const { resource, line, name } of LINES) {
        const path = `/proc/pressure/${resource}`;
        const text = files.readIfPresent(path);
        const total =
          text === undefined ? undefined : new RegExp(`^${line} .*total=(\\d+)`, 'm').exec(text)?.[1];
        if (total === undefined) continue;
        const what = line === 'some' ? 'some processes' : 'all processes';
        const value = numberOf(total, path) / MICROSECONDS_PER_SECOND;
        families.push(counter(name, `Time that ${what} waited for ${resource}.`, value));
      }
      return families;
    },
  };
}
