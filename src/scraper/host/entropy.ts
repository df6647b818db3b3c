import { gauge, type HostCollector } from './host-collector.ts';
import { type HostFiles, numberOf } from './host-files.ts';

const RANDOM = '/proc/sys/kernel/random';

/** The kernel's pool of randomness. */
export function entropyCollector(files: HostFiles): HostCollector {
  const bits = (file: string): number => numberOf(files.read(`${RANDOM}/${file}`), `${RANDOM}/${file}`);
  return {
    name: 'entropy',
    collect: () => [
      gauge('node_entropy_available_bits', 'Bits of randomness at hand.', bits('entropy_avail')),
      gauge('node_entropy_pool_size_bits', 'Bits of randomness the pool can hold.', bits('poolsize')),
    ],
  };
}
