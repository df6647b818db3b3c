import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Log } from '../model/log.ts';
import { listQuarantined } from './partition/directory.ts';
import type { LossKind } from './partition/unreadable.ts';

/** A partition of which some cannot be read. */
export interface DamagedPartition {
  readonly file: string;
  /** What is wrong with it: the first that was met. */
  readonly loss: LossKind;
  /** What was met first: where and what. */
  readonly detail: string;
  /** Places that were met so far. */
  readonly places: number;
}

/** Damage in partitions, as all threads of the process meet it. */
export interface DamageReport {
  note(damage: { readonly file: string; readonly loss: LossKind; readonly detail: string }): void;
  /** Places met since the start. */
  readonly places: number;
  /** Those whose file is still there. */
  partitions(): readonly DamagedPartition[];
  /** Names of the files in `quarantine/`. */
  setAside(): readonly string[];
}

/** Collects what is met: each place once in the log and the metric. */
export function createDamageReport(deps: {
  readonly dir: string;
  readonly log: Pick<Log, 'error'>;
  readonly registry: Registry;
}): DamageReport {
  const { dir, log, registry } = deps;
  const found = new Map<string, { readonly loss: LossKind; readonly details: Set<string> }>();
  const places = new Counter({
    name: 'belfry_tsdb_damaged_places_total',
    help: 'Places in partitions that are damaged or could not be read; their samples are left out of answers.',
    registers: [registry],
  });
  new Gauge({
    name: 'belfry_tsdb_set_aside_partitions',
    help: 'Partition files in quarantine/.',
    registers: [registry],
    collect() {
      this.set(listQuarantined(dir).length);
    },
  });
  let count = 0;
  return {
    note({ file, loss, detail }) {
      const known = found.get(file) ?? { loss, details: new Set() };
      found.set(file, known);
      if (known.details.has(detail)) return;
      known.details.add(detail);
      count++;
      places.inc();
      log.error({ file, detail }, `partition ${basename(file)} ${loss}: what it holds there is left out`);
    },
    get places() {
      return count;
    },
    partitions: () =>
      [...found]
        .filter(([file]) => existsSync(file))
        .map(([file, { loss, details }]) => ({
          file: basename(file),
          loss,
          detail: details.values().next().value!,
          places: details.size,
        })),
    setAside: () => listQuarantined(dir).map(({ path }) => basename(path)),
  };
}
