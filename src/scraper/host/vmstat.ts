import type { Family } from '../../exposition/text-writer.ts';
import type { HostCollector } from './host-collector.ts';
import { type HostFiles, linesOf, numberOf } from './host-files.ts';

const KEYS = /^(?:oom_kill|pgpg|pswp|pg.*fault)/;

/** Paging, swapping, page faults and kills for want of memory, from /proc/vmstat. */
export function vmstatCollector(files: HostFiles): HostCollector {
  return {
    name: 'vmstat',
    collect() {
      const families: Family[] = [];
      for (const line of linesOf(files.read('/proc/vmstat'))) {
        const [key = '', text] = line.split(' ', 2);
        if (!KEYS.test(key)) continue;
        const value = numberOf(text, `/proc/vmstat: ${key}`);
        const help = `${key} of /proc/vmstat.`;
        families.push({
          name: `node_vmstat_${key}`,
          help,
          type: 'unknown',
          samples: [{ labels: [], value }],
        });
      }
      return families;
    },
  };
}
