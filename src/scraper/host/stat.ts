import type { Family } from '../../exposition/text-writer.ts';
import { counter, gauge, type HostCollector } from './host-collector.ts';
import { type HostFiles, linesOf, numberOf } from './host-files.ts';

const FAMILIES: Readonly<Record<string, (value: number) => Family>> = {
  intr: (value) => counter('node_intr_total', 'Interrupts served.', value),
  ctxt: (value) => counter('node_context_switches_total', 'Context switches.', value),
  processes: (value) => counter('node_forks_total', 'Processes and threads started.', value),
  btime: (value) => gauge('node_boot_time_seconds', 'When the host was started, Unix time.', value),
  procs_running: (value) => gauge('node_procs_running', 'Processes that can run.', value),
  procs_blocked: (value) => gauge('node_procs_blocked', 'Processes that wait for input or output.', value),
};

/** Kernel counters and the boot time, from /proc/stat. */
export function statCollector(files: HostFiles): HostCollector {
  return {
    name: 'stat',
    collect() {
      const families: Family[] = [];
      for (const line of linesOf(files.read('/proc/stat'))) {
        const [key = '', value] = line.split(' ', 2);
        if (Object.hasOwn(FAMILIES, key))
          families.push(FAMILIES[key]!(numberOf(value, `/proc/stat: ${key}`)));
      }
      return families;
    },
  };
}
