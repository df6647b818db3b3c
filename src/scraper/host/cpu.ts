import type { FamilySample } from '../../exposition/text-writer.ts';
import { counter, type HostCollector } from './host-collector.ts';
import { type HostFiles, linesOf, numberOf } from './host-files.ts';

const MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;
const GUEST_MODES = ['user', 'nice'] as const;
/** The kernel counts in hundredths of a second, whatever its own tick. */
const TICKS_PER_SECOND = 100;
/** A counter that falls by more is that of a CPU that was taken out and put back; by less, the kernel's rounding. */
const RESTART_SECONDS = 3;

/** Seconds that each CPU spent in each mode, from /proc/stat. */
export function cpuCollector(files: HostFiles): HostCollector {
  const seen = new Map<string, number[]>();
  return {
    name: 'cpu',
    collect() {
      const modes: FamilySample[] = [];
      const guests: FamilySample[] = [];
      for (const line of linesOf(files.read('/proc/stat'))) {
        const [name = '', ...fields] = line.split(/\s+/);
        const cpu = /^cpu(\d+)$/.exec(name)?.[1];
        if (cpu === undefined) continue;
        const read = fields.map((field) => numberOf(field, `/proc/stat: ${name}`) / TICKS_PER_SECOND);
        const seconds = notFalling(seen.get(cpu), read);
        seen.set(cpu, seconds);
        MODES.forEach((mode, i) => {
          modes.push({ labels: ['cpu', cpu, 'mode', mode], value: seconds[i] ?? 0 });
        });
        GUEST_MODES.forEach((mode, i) => {
          guests.push({ labels: ['cpu', cpu, 'mode', mode], value: seconds[MODES.length + i] ?? 0 });
        });
      }
      return [
        counter('node_cpu_seconds_total', 'Seconds a CPU spent in each mode.', modes),
        counter(
          'node_cpu_guest_seconds_total',
          'Seconds a CPU spent on virtual machines, in each mode.',
          guests,
        ),
      ];
    },
  };
}

/** The kernel lets idle and iowait fall a little now and then, which would look like a counter's restart. */
function notFalling(before: readonly number[] | undefined, now: number[]): number[] {
  if (!before) return now;
  const idle = MODES.indexOf('idle');
  if (before[idle]! - now[idle]! >= RESTART_SECONDS) return now;
  return now.map((seconds, i) => Math.max(seconds, before[i] ?? 0));
}
