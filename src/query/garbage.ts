import v8 from 'node:v8';
import vm from 'node:vm';

/** @param thoroughly gives all free memory back to the system, which takes three times as long */
export type CollectGarbage = (thoroughly?: boolean) => void;

/**
 * Frees what nobody refers to any more, at once. V8 lets the memory of typed arrays pile up until it sees fit to look, by 64 MB and
 * more, and keeps as much again of pages that a collection has emptied: each as much as a small host's whole query may take.
 */
export function garbageCollector(): CollectGarbage {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as (options?: object) => void;
  v8.setFlagsFromString('--no-expose-gc');
  return (thoroughly = false) => collect(thoroughly ? THOROUGHLY : undefined);
}

const THOROUGHLY = { type: 'major', execution: 'sync', flavor: 'last-resort' };
