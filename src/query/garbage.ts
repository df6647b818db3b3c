import v8 from 'node:v8';
import vm from 'node:vm';

/**
 * Frees what nobody refers to any more, at once. V8 lets the memory of typed arrays pile up until it sees fit to look, by 64 MB and
 * more: as much again as a small host's whole query may take.
 */
export function garbageCollector(): () => void {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  v8.setFlagsFromString('--no-expose-gc');
  return () => collect();
}
