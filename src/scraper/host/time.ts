import type { Clock } from '../../clock.ts';
import type { FamilySample } from '../../exposition/text-writer.ts';
import { gauge, type HostCollector } from './host-collector.ts';
import type { HostFiles } from './host-files.ts';

const CLOCK_SOURCES = '/sys/devices/system/clocksource/clocksource';

/** The host's clock, what drives it, and its time zone. */
export function timeCollector(files: HostFiles, clock: Clock): HostCollector {
  const zones = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' });
  return {
    name: 'time',
    collect() {
      const now = clock.now();
      // The zone's abbreviation, such as `CET`, where the language has one.
      const zone = zones.formatToParts(now).find((part) => part.type === 'timeZoneName')?.value ?? 'UTC';
      const offset = -new Date(now).getTimezoneOffset() * 60;
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
          { labels: ['time_zone', zone], value: offset },
        ]),
        gauge('node_time_clocksource_available_info', 'Clocks the kernel may use, in the labels.', available),
        gauge('node_time_clocksource_current_info', 'The clock the kernel uses, in the labels.', current),
      ];
    },
  };
}
