import type { FamilySample } from '../../exposition/text-writer.ts';
import { gauge, type HostCollector } from './host-collector.ts';
import { type HostFiles, numberOf } from './host-files.ts';

const CPUS = '/sys/devices/system/cpu';

/** By file of a CPU's `cpufreq` folder, which holds kHz. */
const FREQUENCIES = [
  ['cpuinfo_cur_freq', 'node_cpu_frequency_hertz', 'Frequency a CPU runs at, as the hardware says.'],
  ['cpuinfo_min_freq', 'node_cpu_frequency_min_hertz', 'Lowest frequency a CPU can run at.'],
  ['cpuinfo_max_freq', 'node_cpu_frequency_max_hertz', 'Highest frequency a CPU can run at.'],
  ['scaling_cur_freq', 'node_cpu_scaling_frequency_hertz', 'Frequency a CPU runs at, as the kernel says.'],
  [
    'scaling_min_freq',
    'node_cpu_scaling_frequency_min_hertz',
    'Lowest frequency the kernel lets a CPU run at.',
  ],
  [
    'scaling_max_freq',
    'node_cpu_scaling_frequency_max_hertz',
    'Highest frequency the kernel lets a CPU run at.',
  ],
] as const;

/** Frequencies of the CPUs; virtual machines mostly have none. */
export function cpufreqCollector(files: HostFiles): HostCollector {
  return {
    name: 'cpufreq',
    collect() {
      const cpus = (files.list(CPUS) ?? []).flatMap((name) => /^cpu(\d+)$/.exec(name)?.[1] ?? []);
      cpus.sort((a, b) => Number(a) - Number(b));
      const folder = (cpu: string): string => `${CPUS}/cpu${cpu}/cpufreq`;
      const frequencies = FREQUENCIES.map(([file, name, help]) => {
        const samples = cpus.flatMap((cpu): FamilySample[] => {
          const text = files.readIfPresent(`${folder(cpu)}/${file}`);
          // A CPU that is switched off reads as "<unknown>".
          if (text === undefined || text.startsWith('<')) return [];
          return [{ labels: ['cpu', cpu], value: numberOf(text, `${folder(cpu)}/${file}`) * 1000 }];
        });
        return gauge(name, help, samples);
      });
      const governors = cpus.flatMap((cpu): FamilySample[] => {
        const current = files.readIfPresent(`${folder(cpu)}/scaling_governor`)?.trim();
        const available =
          files
            .readIfPresent(`${folder(cpu)}/scaling_available_governors`)
            ?.trim()
            .split(/\s+/) ?? [];
        return available.map((governor) => ({
          labels: ['cpu', cpu, 'governor', governor],
          value: governor === current ? 1 : 0,
        }));
      });
      return [
        ...frequencies,
        gauge('node_cpu_scaling_governor', 'Which governor sets a CPU’s frequency.', governors),
      ];
    },
  };
}
