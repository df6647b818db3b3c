import type { MessagePort } from 'node:worker_threads';
import type { MetricMetadata } from '../model/queryable.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import type { SeriesRef } from '../tsdb/block.ts';
import { SampleGatherer } from '../tsdb/import/gatherer.ts';
import { type ImportResult, tallyOf, type WrittenDays, writeDays } from '../tsdb/import/write-days.ts';
import type { DayChange } from '../tsdb/partition/change.ts';
import { listPartitions } from '../tsdb/partition/directory.ts';
import type { StoreShared } from '../tsdb/queryable.ts';
import { LineError, TextImport } from './text-import.ts';

/** Messages between main and an import's thread; plain data. */
export type ToImport =
  /** More of the text. Answered by `more`, so that no more than one piece waits. */
  | { readonly kind: 'text'; readonly bytes: Uint8Array }
  /** There is no more. Answered by `gathered`. */
  | { readonly kind: 'end' }
  /** The files of the days stay as they are from now on; these numbers are the import's. Answered by `written`. */
  | { readonly kind: 'write'; readonly firstRef: number };

export type FromImport =
  | { readonly kind: 'more' }
  | {
      readonly kind: 'gathered';
      /** Numbers for series that the import may need. */
      readonly refs: number;
      readonly metadata: ReadonlyMap<string, MetricMetadata>;
    }
  | { readonly kind: 'written'; readonly changes: readonly DayChange[]; readonly result: ImportResult }
  /** The end of it: nothing was changed. `line` when the text is at fault. */
  | { readonly kind: 'failed'; readonly message: string; readonly line: number | undefined };

/** Serves one import on a port, in a thread of its own. What it writes takes effect only when main has it done. */
export function serveImport(port: MessagePort, shared: StoreShared, addon: SqliteAddon): void {
  const { dir } = shared;
  const gatherer = new SampleGatherer(dir);
  const metadata = new Map<string, MetricMetadata>();
  const text = new TextImport(gatherer, (metric, part) => {
    const known = metadata.get(metric) ?? { type: 'unknown', help: '', unit: '' };
    metadata.set(metric, { ...known, ...part });
  });
  /** Bytes in the room of the text. */
  let filled = 0;
  let room = text.room;
  const feed = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(bytes.length - at, room.length - filled);
      room.set(bytes.subarray(at, at + count), filled);
      at += count;
      filled += count;
      if (filled === room.length) flush(false);
    }
  };
  const flush = (isLast: boolean): void => {
    text.take(filled, isLast);
    filled = 0;
    room = text.room;
  };
  const write = (firstRef: number): WrittenDays & { result: ImportResult } => {
    let next = firstRef;
    const refs: SeriesRef[] = [];
    const tally = tallyOf(gatherer);
    const steps = writeDays({
      dir,
      addon,
      gatherer,
      head: shared.head,
      stored: new Map(listPartitions(dir).map((files) => [files.day, files])),
      refOf: (series) => (refs[series] ??= next++ as SeriesRef),
      tally,
    });
    for (;;) {
      const { done, value } = steps.next();
      if (!done) continue;
      const { changes, bytes } = value;
      const { labels, exemplars } = gatherer;
      const result = { series: labels.length, days: gatherer.days().length, bytes, exemplars, ...tally };
      return { changes, bytes, result };
    }
  };
  const send = (message: FromImport): void => port.postMessage(message);
  port.on('message', (message: ToImport) => {
    try {
      switch (message.kind) {
        case 'text':
          feed(message.bytes);
          return send({ kind: 'more' });
        case 'end':
          flush(true);
          gatherer.finish();
          return send({ kind: 'gathered', refs: gatherer.labels.length, metadata });
        case 'write': {
          const { changes, result } = write(message.firstRef);
          return send({ kind: 'written', changes, result });
        }
      }
    } catch (error) {
      const line = error instanceof LineError ? error.line : undefined;
      send({ kind: 'failed', message: (error as Error).message, line });
    }
  });
}
