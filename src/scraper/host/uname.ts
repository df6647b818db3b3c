import { gauge, type HostCollector } from './host-collector.ts';
import type { HostFiles } from './host-files.ts';

const KERNEL = '/proc/sys/kernel';

/** Names of the system, as `uname` gives them. @param machine such as `x86_64` */
export function unameCollector(files: HostFiles, machine: string): HostCollector {
  const kernel = (file: string): string => files.read(`${KERNEL}/${file}`).trim();
  return {
    name: 'uname',
    collect() {
      const labels = [
        ['domainname', kernel('domainname')],
        ['machine', machine],
        ['nodename', kernel('hostname')],
        ['release', kernel('osrelease')],
        ['sysname', kernel('ostype')],
        ['version', kernel('version')],
      ].flat();
      return [gauge('node_uname_info', 'Names of the system, in the labels.', [{ labels, value: 1 }])];
    },
  };
}
