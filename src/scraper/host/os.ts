import type { Family } from '../../exposition/text-writer.ts';
import { gauge, type HostCollector } from './host-collector.ts';
import { type HostFiles, linesOf } from './host-files.ts';

const PATHS = ['/etc/os-release', '/usr/lib/os-release'];
const INFO_LABELS = [
  'build_id',
  'id',
  'id_like',
  'image_id',
  'image_version',
  'name',
  'pretty_name',
  'variant',
  'variant_id',
  'version',
  'version_codename',
  'version_id',
] as const;

/** The distribution, from os-release. Nothing where there is no such file. */
export function osCollector(files: HostFiles): HostCollector {
  return {
    name: 'os',
    collect() {
      const text = PATHS.map((path) => files.readIfPresent(path)).find((found) => found !== undefined);
      if (text === undefined) return [];
      const values = parseOsRelease(text);
      const of = (label: string): string => values.get(label.toUpperCase()) ?? '';
      const labels = INFO_LABELS.flatMap((label) => [label, of(label)]);
      const families: Family[] = [
        gauge('node_os_info', 'The distribution, in the labels.', [{ labels, value: 1 }]),
      ];
      const version = /^\d+(?:\.\d+)?/.exec(of('version_id'))?.[0];
      if (version !== undefined) {
        const names = ['id', 'id_like', 'name'].flatMap((label) => [label, of(label)]);
        families.push(
          gauge('node_os_version', 'Version of the distribution.', [
            { labels: names, value: Number(version) },
          ]),
        );
      }
      return families;
    },
  };
}

/** Assignments as a shell reads them: `NAME=value`, quoted or not. */
function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of linesOf(text)) {
    const match = /^([A-Z0-9_]+)=(["']?)(.*)\2$/.exec(line);
    if (match) values.set(match[1]!, match[3]!.replace(/\\(.)/g, '$1'));
  }
  return values;
}
