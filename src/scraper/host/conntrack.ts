import type { Family } from '../../exposition/text-writer.ts';
import { gauge, type HostCollector } from './host-collector.ts';
import { type HostFiles, linesOf, numberOf } from './host-files.ts';

const DIRECTORY = '/proc/sys/net/netfilter';
const STATISTICS = '/proc/net/stat/nf_conntrack';
const COUNTERS = [
  'found',
  'invalid',
  'ignore',
  'insert',
  'insert_failed',
  'drop',
  'early_drop',
  'search_restart',
] as const;

/** Connections the firewall keeps track of. Nothing where it keeps no track. */
export function conntrackCollector(files: HostFiles): HostCollector {
  return {
    name: 'conntrack',
    collect() {
      const entries = files.readIfPresent(`${DIRECTORY}/nf_conntrack_count`);
      const limit = files.readIfPresent(`${DIRECTORY}/nf_conntrack_max`);
      if (entries === undefined || limit === undefined) return [];
      return [
        gauge(
          'node_nf_conntrack_entries',
          'Connections kept track of.',
          numberOf(entries, `${DIRECTORY}/nf_conntrack_count`),
        ),
        gauge(
          'node_nf_conntrack_entries_limit',
          'Connections there may be.',
          numberOf(limit, `${DIRECTORY}/nf_conntrack_max`),
        ),
        ...statistics(files),
      ];
    },
  };
}

/** Sums over the CPUs; the file is a table of hexadecimal numbers with a line for each. */
function statistics(files: HostFiles): Family[] {
  const [header, ...rows] = linesOf(files.readIfPresent(STATISTICS) ?? '').map((line) =>
    line.trim().split(/\s+/),
  );
  if (!header) return [];
  return COUNTERS.flatMap((name) => {
    const column = header.indexOf(name);
    if (column < 0) return [];
    const sum = rows.reduce((total, row) => total + Number.parseInt(row[column] ?? '0', 16), 0);
    return [gauge(`node_nf_conntrack_stat_${name}`, `Column ${name} of ${STATISTICS}, all CPUs.`, sum)];
  });
}
