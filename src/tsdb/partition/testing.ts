import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labelsFromObject } from '../../model/labels.ts';
import { unlimited } from '../../model/queryable.ts';
import { wordsOf } from '../../model/sample.ts';
import type { BlockColumn, OwnTimeColumn, SeriesEntry, SeriesRef, SourceBlock, SourceId } from '../block.ts';
import { PARTITION_MS, type PartitionReader, type PartitionSamples } from '../partition.ts';
import type { AppendBatch } from './hot.ts';
import { type SealResult, sealDay } from './seal.ts';

/** 2026-01-02, the day the tests write to. */
export const DAY = 20_455 * PARTITION_MS;

/** A directory of its own, removed by `remove`. */
export function scratchDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'belfry-partition-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export const entry = (ref: number, source: number, labels: Record<string, string>): SeriesEntry => ({
  ref: ref as SeriesRef,
  source: source as SourceId,
  labels: labelsFromObject(labels),
});

/** `undefined` is a gap; times are seconds of the day. */
export function sourceBlock(
  source: number,
  seconds: readonly number[],
  columns: Readonly<Record<number, readonly (number | undefined)[]>>,
): SourceBlock {
  return {
    source: source as SourceId,
    timestamps: Float64Array.from(seconds, (second) => DAY + second * 1000),
    columns: Object.entries(columns).map(([ref, cells]) => blockColumn(Number(ref), cells)),
  };
}

function blockColumn(ref: number, cells: readonly (number | undefined)[]): BlockColumn {
  const values = Float64Array.from(cells, (cell) => cell ?? 0);
  if (!cells.includes(undefined)) return { ref: ref as SeriesRef, values };
  const presence = new Uint8Array((cells.length + 7) >> 3);
  cells.forEach((cell, i) => {
    if (cell !== undefined) presence[i >> 3]! |= 1 << (i & 7);
  });
  return { ref: ref as SeriesRef, values, presence };
}

export const ownColumn = (ref: number, samples: readonly (readonly [number, number])[]): OwnTimeColumn => ({
  ref: ref as SeriesRef,
  timestamps: Float64Array.from(samples, ([second]) => DAY + second * 1000),
  values: Float64Array.from(samples, ([, value]) => value),
});

export const batch = (given: Partial<AppendBatch>): AppendBatch => ({
  series: [],
  blocks: [],
  own: [],
  ...given,
});

/**
 * Samples by series and time, values as hexadecimal bits: what a partition must give back. Of two values for one time the first
 * stays, and one of a scrape stays before one with an own timestamp.
 */
export class ModelStore {
  readonly series = new Map<number, SeriesEntry>();
  readonly #scraped = new Map<number, Map<number, string>>();
  readonly #own = new Map<number, Map<number, string>>();

  append({ series, blocks, own }: AppendBatch): void {
    for (const one of series) this.series.set(one.ref, one);
    for (const { timestamps, columns } of blocks) {
      for (const { ref, values, presence } of columns) {
        timestamps.forEach((time, i) => {
          if (!presence || presence[i >> 3]! & (1 << (i & 7)))
            keep(this.#scraped, ref, time, bitsAt(values, i));
        });
      }
    }
    for (const { ref, timestamps, values } of own) {
      timestamps.forEach((time, i) => {
        keep(this.#own, ref, time, bitsAt(values, i));
      });
    }
  }

  read(from: number, to: number): Record<number, [number, string][]> {
    const out: Record<number, [number, string][]> = {};
    for (const ref of this.series.keys()) {
      const samples = new Map([...(this.#own.get(ref) ?? []), ...(this.#scraped.get(ref) ?? [])]);
      const within = [...samples].filter(([time]) => time >= from && time < to).sort(([a], [b]) => a - b);
      if (within.length > 0) out[ref] = within;
    }
    return out;
  }
}

function keep(into: Map<number, Map<number, string>>, ref: number, time: number, bits: string): void {
  let samples = into.get(ref);
  if (samples === undefined) into.set(ref, (samples = new Map()));
  if (!samples.has(time)) samples.set(time, bits);
}

/** All samples of a reader in the form of `ModelStore.read`. */
export function readAll(
  reader: PartitionReader,
  from: number,
  to: number,
): Record<number, [number, string][]> {
  reader.begin();
  try {
    return asModel(reader.read(reader.match([]), { from, to }, unlimited));
  } finally {
    reader.end();
  }
}

function asModel(found: readonly PartitionSamples[]): Record<number, [number, string][]> {
  const out: Record<number, [number, string][]> = {};
  for (const { ref, timestamps, values } of found) {
    out[ref] = Array.from(timestamps, (time, i) => [time, bitsAt(values, i)]);
  }
  return out;
}

function bitsAt(values: Float64Array, index: number): string {
  const words = wordsOf(values);
  return (
    words[2 * index + 1]!.toString(16).padStart(8, '0') + words[2 * index]!.toString(16).padStart(8, '0')
  );
}

/** Seals a day without a pause. */
export function sealAll(directory: string, day = DAY): SealResult {
  const steps = sealDay({ directory, day, addon: undefined });
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
