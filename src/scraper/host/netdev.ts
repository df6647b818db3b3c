import type { FamilySample } from '../../exposition/text-writer.ts';
import { counter, type HostCollector } from './host-collector.ts';
import { type HostFiles, linesOf, numberOf } from './host-files.ts';

const PATH = '/proc/net/dev';

/** Traffic of the network interfaces, from /proc/net/dev. @param isExcluded of an interface's name */
export function netdevCollector(files: HostFiles, isExcluded: (device: string) => boolean): HostCollector {
  return {
    name: 'netdev',
    collect() {
      const [, header = '', ...lines] = linesOf(files.read(PATH));
      const [, receive = '', transmit = ''] = header.split('|');
      const columns = [
        ...receive
          .trim()
          .split(/\s+/)
          .map((field) => `receive_${field}`),
        ...transmit
          .trim()
          .split(/\s+/)
          .map((field) => `transmit_${field}`),
      ];
      const samples = new Map<string, FamilySample[]>(columns.map((column) => [column, []]));
      const nohandler: FamilySample[] = [];
      for (const line of lines) {
        const colon = line.lastIndexOf(':');
        const device = line.slice(0, colon).trim();
        if (isExcluded(device)) continue;
        const labels = ['device', device];
        const fields = line
          .slice(colon + 1)
          .trim()
          .split(/\s+/);
        columns.forEach((column, i) => {
          samples.get(column)!.push({ labels, value: numberOf(fields[i], `${PATH}: ${device}`) });
        });
        const unhandled = files.readIfPresent(`/sys/class/net/${device}/statistics/rx_nohandler`);
        if (unhandled !== undefined)
          nohandler.push({ labels, value: numberOf(unhandled, `${device}: rx_nohandler`) });
      }
      return [
        ...columns.map((column) => {
          const what = column.replace('_', ' of ');
          return counter(`node_network_${column}_total`, `Interface counter: ${what}.`, samples.get(column)!);
        }),
        counter('node_network_receive_nohandler_total', 'Packets received that nobody wanted.', nohandler),
      ];
    },
  };
}
