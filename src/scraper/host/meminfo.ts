import { counter, gauge, type HostCollector } from './host-collector.ts';
import { type HostFiles, linesOf, numberOf } from './host-files.ts';

/** Every line of /proc/meminfo: `Active(anon): 12 kB` is node_memory_Active_anon_bytes. */
export function meminfoCollector(files: HostFiles): HostCollector {
  return {
    name: 'meminfo',
    collect: () =>
      linesOf(files.read('/proc/meminfo')).map((line) => {
        const [key = '', amount, unit] = line.split(/[:\s]+/);
        const inBytes = unit === 'kB';
        const name = `node_memory_${key.replace(/\((.*)\)/, '_$1')}${inBytes ? '_bytes' : ''}`;
        const value = numberOf(amount, `/proc/meminfo: ${key}`) * (inBytes ? 1024 : 1);
        const family = name.endsWith('_total') ? counter : gauge;
        return family(name, `${key} of /proc/meminfo.`, value);
      }),
  };
}
