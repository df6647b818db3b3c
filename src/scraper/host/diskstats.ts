import type { Family, FamilySample } from '../../exposition/text-writer.ts';
import { counter, gauge, type HostCollector } from './host-collector.ts';
import { type HostFiles, linesOf, numberOf } from './host-files.ts';

const PATH = '/proc/diskstats';
/** The kernel's sectors have this size whatever the disk's. */
const SECTOR_BYTES = 512;
const MILLISECOND = 1 / 1000;

interface DiskField {
  readonly name: string;
  readonly help: string;
  readonly scale: (raw: number) => number;
  readonly family: typeof counter;
}

const asIs = (raw: number): number => raw;
const sectors = (raw: number): number => raw * SECTOR_BYTES;
const milliseconds = (raw: number): number => raw * MILLISECOND;
const field = (name: string, help: string, scale = asIs, family = counter): DiskField => ({
  name,
  help,
  scale,
  family,
});

/** In the order of the columns of /proc/diskstats, from the fourth on. Older kernels lack the last ones. */
const FIELDS: readonly DiskField[] = [
  field('reads_completed_total', 'Reads done.'),
  field('reads_merged_total', 'Reads joined with others.'),
  field('read_bytes_total', 'Bytes read.', sectors),
  field('read_time_seconds_total', 'Time spent on reads, all of them added up.', milliseconds),
  field('writes_completed_total', 'Writes done.'),
  field('writes_merged_total', 'Writes joined with others.'),
  field('written_bytes_total', 'Bytes written.', sectors),
  field('write_time_seconds_total', 'Time spent on writes, all of them added up.', milliseconds),
  field('io_now', 'Requests under way.', asIs, gauge),
  field('io_time_seconds_total', 'Time with at least one request under way.', milliseconds),
  field('io_time_weighted_seconds_total', 'Time spent on all requests added up.', milliseconds),
  field('discards_completed_total', 'Discards done.'),
  field('discards_merged_total', 'Discards joined with others.'),
  field('discarded_sectors_total', 'Sectors discarded.'),
  field('discard_time_seconds_total', 'Time spent on discards, all of them added up.', milliseconds),
  field('flush_requests_total', 'Flushes done.'),
  field('flush_requests_time_seconds_total', 'Time spent on flushes, all of them added up.', milliseconds),
];

/** Work of the block devices, from /proc/diskstats, and what udev knows about them. @param isExcluded of a device's name */
export function diskstatsCollector(files: HostFiles, isExcluded: (device: string) => boolean): HostCollector {
  return {
    name: 'diskstats',
    collect() {
      const info: FamilySample[] = [];
      const samples = FIELDS.map((): FamilySample[] => []);
      for (const line of linesOf(files.read(PATH))) {
        const [major = '', minor = '', device = '', ...values] = line.trim().split(/\s+/);
        if (isExcluded(device)) continue;
        info.push({ labels: infoLabels(files, device, major, minor), value: 1 });
        FIELDS.forEach(({ scale }, i) => {
          if (i >= values.length) return;
          const value = scale(numberOf(values[i], `${PATH}: ${device}`));
          samples[i]!.push({ labels: ['device', device], value });
        });
      }
      const families: Family[] = FIELDS.map(({ name, help, family }, i) =>
        family(`node_disk_${name}`, help, samples[i]!),
      );
      return [gauge('node_disk_info', 'What a device is, in the labels.', info), ...families];
    },
  };
}

function infoLabels(files: HostFiles, device: string, major: string, minor: string): string[] {
  const properties = new Map<string, string>();
  for (const line of linesOf(files.readIfPresent(`/run/udev/data/b${major}:${minor}`) ?? '')) {
    const match = /^E:([^=]+)=(.*)$/.exec(line);
    if (match) properties.set(match[1]!, match[2]!);
  }
  const of = (...names: string[]): string => names.map((name) => properties.get(name)).find(Boolean) ?? '';
  return [
    ['device', device],
    ['major', major],
    ['minor', minor],
    ['model', of('ID_MODEL')],
    ['path', of('ID_PATH')],
    ['revision', of('ID_REVISION')],
    ['serial', of('SCSI_IDENT_SERIAL', 'ID_SERIAL_SHORT')],
    ['wwn', of('ID_WWN')],
  ].flat();
}
