import { gauge, type HostCollector } from './host-collector.ts';
import { type HostFiles, numberOf } from './host-files.ts';

const PATH = '/proc/sys/fs/file-nr';

/** Open files and how many there may be. */
export function filefdCollector(files: HostFiles): HostCollector {
  return {
    name: 'filefd',
    collect() {
      const [allocated, , maximum] = files.read(PATH).trim().split(/\s+/);
      return [
        gauge('node_filefd_allocated', 'File descriptors in use.', numberOf(allocated, PATH)),
        gauge('node_filefd_maximum', 'File descriptors there may be.', numberOf(maximum, PATH)),
      ];
    },
  };
}
