import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { Log } from '../model/log.ts';
import type { LossKind } from './partition/unreadable.ts';
import { listQuarantined } from './quarantine.ts';

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
  /** Those whose file is still there; what could not be read is one as long as queries meet it, and some minutes more. */
  partitions(): readonly DamagedPartition[];
  /** Names of the files in `quarantine/`. */
  setAside(): readonly string[];
}

/** What cannot be read may pass: it is forgotten when no query has met it for this long. */
const FORGET_MS = 10 * 60_000;

/** Collects what is met: each place once in the log and the metric, and again when it had been forgotten. */
export function createDamageReport(deps: {
  readonly dir: string;
  readonly log: Pick<Log, 'error'>;
  readonly registry: Registry;
  readonly clock: Pick<Clock, 'monotonic'>;
}): DamageReport {
  const { dir, log, registry, clock } = deps;
  /** By file, then by detail, in the order of their first meeting. */
  const found = new Map<string, Map<string, { readonly loss: LossKind; readonly until: number }>>();
  const forgetPassed = (): void => {
    const now = clock.monotonic();
    for (const [file, places] of found) {
      for (const [detail, { until }] of places) if (until <= now) places.delete(detail);
      if (places.size === 0) found.delete(file);
    }
  };
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
      forgetPassed();
      const known = found.get(file) ?? new Map();
      found.set(file, known);
      const isNew = !known.has(detail);
      const until = loss === 'is damaged' ? Number.POSITIVE_INFINITY : clock.monotonic() + FORGET_MS;
      known.set(detail, { loss, until });
      if (!isNew) return;
      count++;
      places.inc();
      log.error({ file, detail }, `partition ${basename(file)} ${loss}: what it holds there is left out`);
    },
    get places() {
      return count;
    },
    partitions() {
      forgetPassed();
      return [...found]
        .filter(([file]) => existsSync(file))
        .map(([file, known]) => {
          const [detail, { loss }] = known.entries().next().value!;
          return { file: basename(file), loss, detail, places: known.size };
        });
    },
    setAside: () => listQuarantined(dir).map(({ path }) => basename(path)),
  };
}
