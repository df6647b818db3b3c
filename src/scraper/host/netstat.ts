import type { Family } from '../../exposition/text-writer.ts';
import type { HostCollector } from './host-collector.ts';
import { type HostFiles, linesOf, numberOf } from './host-files.ts';

/** Files of two lines for each protocol, one with names, one with values. */
const TABLES = ['/proc/net/netstat', '/proc/net/snmp'];
const SNMP6 = '/proc/net/snmp6';

/** The selection that node_exporter makes by default. */
const SELECTED = new RegExp(
  `^(?:${[
    '.*_(?:InErrors|InErrs)',
    'Ip_Forwarding',
    'Ip(?:6|Ext)_(?:InOctets|OutOctets)',
    'Icmp6?_(?:InMsgs|OutMsgs)',
    'TcpExt_(?:Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts)',
    'Tcp_(?:ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)',
    'Udp6?_(?:InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors)',
  ].join('|')})$`,
);

/** Counters of the network protocols. */
export function netstatCollector(files: HostFiles): HostCollector {
  return {
    name: 'netstat',
    collect() {
      const families: Family[] = [];
      const add = (key: string, text: string | undefined, path: string): void => {
        if (!SELECTED.test(key)) return;
        const samples = [{ labels: [], value: numberOf(text, `${path}: ${key}`) }];
        families.push({
          name: `node_netstat_${key}`,
          help: `${key.replace('_', ' ')} of ${path}.`,
          type: 'unknown',
          samples,
        });
      };
      for (const path of TABLES) {
        const lines = linesOf(files.read(path));
        for (let i = 0; i + 1 < lines.length; i += 2) {
          const [protocol = '', ...names] = lines[i]!.split(/:?\s+/);
          const [, ...values] = lines[i + 1]!.split(/\s+/);
          names.forEach((name, column) => {
            add(`${protocol}_${name}`, values[column], path);
          });
        }
      }
      // Without IPv6 there is no such file. Its names run protocol and counter together: Ip6InOctets.
      for (const line of linesOf(files.readIfPresent(SNMP6) ?? '')) {
        const [name = '', value] = line.split(/\s+/);
        const six = name.indexOf('6') + 1;
        if (six > 0) add(`${name.slice(0, six)}_${name.slice(six)}`, value, SNMP6);
      }
      return families;
    },
  };
}
