import { gauge, type HostCollector } from './host-collector.ts';
import { type HostFiles, numberOf } from './host-files.ts';

/** The load averages, from /proc/loadavg. */
export function loadavgCollector(files: HostFiles): HostCollector {
  return {
    name: 'loadavg',
    collect() {
      const fields = files.read('/proc/loadavg').split(' ');
      return ['1', '5', '15'].map((minutes, i) =>
        gauge(
          `node_load${minutes}`,
          `Load average over ${minutes} min.`,
          numberOf(fields[i], '/proc/loadavg'),
        ),
      );
    },
  };
}
