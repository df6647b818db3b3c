import type { Family } from '../../exposition/text-writer.ts';
import { gauge, type HostCollector } from './host-collector.ts';
import { type HostFiles, linesOf, numberOf } from './host-files.ts';

const PATHS = ['/proc/net/sockstat', '/proc/net/sockstat6'];
const USUAL_PAGE_BYTES = 4096;

/** Sockets by protocol and state: `TCP: inuse 4 tw 0` is node_sockstat_TCP_inuse and node_sockstat_TCP_tw. */
export function sockstatCollector(files: HostFiles): HostCollector {
  const pageBytes = kernelPageBytes(files);
  return {
    name: 'sockstat',
    collect() {
      const families: Family[] = [];
      const add = (name: string, help: string, value: number): void => {
        families.push(gauge(`node_sockstat_${name}`, help, value));
      };
      for (const path of PATHS) {
        // Without IPv6 there is no second file.
        for (const line of linesOf(files.readIfPresent(path) ?? '')) {
          const [protocol = '', ...pairs] = line.split(/[:\s]+/);
          for (let i = 0; i + 1 < pairs.length; i += 2) {
            const field = pairs[i]!;
            const value = numberOf(pairs[i + 1], `${path}: ${protocol} ${field}`);
            add(`${protocol}_${field}`, `Sockets of ${protocol}: ${field}.`, value);
            if (field === 'mem')
              add(`${protocol}_mem_bytes`, `Memory of the sockets of ${protocol}.`, value * pageBytes);
          }
        }
      }
      return families;
    },
  };
}

/** Size of the pages in which the kernel counts memory. */
function kernelPageBytes(files: HostFiles): number {
  const kilobytes = /^KernelPageSize:\s+(\d+) kB/m.exec(files.readIfPresent('/proc/self/smaps') ?? '')?.[1];
  return kilobytes === undefined ? USUAL_PAGE_BYTES : Number(kilobytes) * 1024;
}
