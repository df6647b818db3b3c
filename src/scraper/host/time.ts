import type { Clock } from '../../clock.ts';
import type { FamilySample } from '../../exposition/text-writer.ts';
import { gauge, type HostCollector } from './host-collector.ts';
import type { HostFiles } from './host-files.ts';
import { numericAbbreviation, readZoneFile, type ZoneFile, zoneFiles } from './zone-abbreviation.ts';

const CLOCK_SOURCES = '/sys/devices/system/clocksource/clocksource';

/**
 * The host's clock, what drives it, and its time zone. The zone's name is read from the host's file, as Go's programs do: the first
 * `Intl.DateTimeFormat` of a process looks at the data of every language, 11 MB that stay in memory.
 * @param tz the variable TZ of this process
 */
export function timeCollector(files: HostFiles, clock: Clock, tz = process.env.TZ): HostCollector {
  const zone = findZone(files, tz);
  return {
    name: 'time',
    collect() {
      const now = clock.now();
      const offset = -new Date(now).getTimezoneOffset() * 60;
      const name = zone?.abbreviation(now / 1000, offset) ?? numericAbbreviation(offset);
      const available: FamilySample[] = [];
      const current: FamilySample[] = [];
      for (let device = 0; ; device++) {
        const sources = files.readIfPresent(`${CLOCK_SOURCES}${device}/available_clocksource`);
        if (sources === undefined) break;
        const chosen = files.read(`${CLOCK_SOURCES}${device}/current_clocksource`);
        const sample = (source: string): FamilySample => ({
          labels: ['clocksource', source, 'device', String(device)],
          value: 1,
        });
        available.push(...sources.trim().split(/\s+/).map(sample));
        current.push(sample(chosen.trim()));
      }
      return [
        gauge('node_time_seconds', 'The time, Unix time.', now / 1000),
        gauge('node_time_zone_offset_seconds', 'Local time less UTC.', [
          { labels: ['time_zone', name], value: offset },
        ]),
        gauge('node_time_clocksource_available_info', 'Clocks the kernel may use, in the labels.', available),
        gauge('node_time_clocksource_current_info', 'The clock the kernel uses, in the labels.', current),
      ];
    },
  };
}

/** A variable may name what is no zone, or nothing that may be read; the time goes on without a name then. */
function findZone(files: HostFiles, tz: string | undefined): ZoneFile | undefined {
  for (const file of zoneFiles(tz)) {
    try {
      const bytes = files.readBytesIfPresent(file);
      if (bytes) return readZoneFile(bytes);
    } catch {
      return undefined;
    }
  }
  return undefined;
}
