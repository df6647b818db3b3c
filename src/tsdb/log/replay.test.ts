import { expect, test } from 'vitest';
import { ByteWriter } from '../../encoding/bytes.ts';
import { type Labels, labelsFromObject } from '../../model/labels.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { silentLog } from '../../testing/silent-log.ts';
import type { SeriesRef, SourceId } from '../block.ts';
import { Head } from '../head/head.ts';
import { IndexReader } from '../index/index-reader.ts';
import { NO_SLOT } from '../index/layout.ts';
import { type DefinitionSink, definitionWriter } from './definitions.ts';
import type { LogDb } from './log-db.ts';
import { replayLog } from './replay.ts';

const SOURCE = 1 as SourceId;

/** A head after the replay of these rows of definitions, the log having no samples. */
function replayed(...rows: ((note: DefinitionSink) => void)[]) {
  const bodies = rows.map((note) => {
    const out = new ByteWriter();
    note(definitionWriter(out));
    return out.view().slice();
  });
  return replayedBytes(bodies);
}

function replayedBytes(bodies: readonly Uint8Array[]) {
  const scratch = new ByteWriter();
  const head = new Head(1, {
    records: scratch,
    definitions: definitionWriter(scratch),
    seq: 1,
    touch() {},
    exemplar() {},
  });
  const rewritten: Uint8Array[] = [];
  const db = {
    file: 'log.db',
    *definitions() {
      yield* bodies;
    },
    *records() {},
    *exemplars() {},
    rewriteDefinitions: (_seq: number, bytes: Uint8Array) => void rewritten.push(bytes.slice()),
  } as unknown as LogDb;
  const result = replayLog(db, head, silentLog(), fakeClock());
  const reader = new IndexReader(head.shared.indexes[0]);
  const count = reader.refresh();
  const series = Array.from({ length: count }, (_, i) => [head.index.refOf(i), reader.labelsOf(i).at(-1)]);
  return { head, reader, series, result, rewritten };
}

const named = (value: string): Labels => labelsFromObject({ __name__: 'm', value });

const series = (note: DefinitionSink, ref: number, value: string, slot: number | undefined): void =>
  note.series({ ref: ref as SeriesRef, source: SOURCE, labels: named(value), slot });

test('the last word on a slot counts, and series without one leave no text behind', () => {
  const {
    head,
    reader,
    series: found,
  } = replayed(
    (note) => {
      note.source(SOURCE, 'a target');
      series(note, 1, 'gone', 0);
      series(note, 2, 'stays', 1);
      series(note, 3, 'came back', 2);
    },
    (note) => {
      note.slot(1 as SeriesRef, undefined);
      note.slot(3 as SeriesRef, undefined);
      series(note, 4, 'took its slot', 0);
      note.slot(3 as SeriesRef, 5);
    },
  );
  expect(found).toEqual([
    [2, 'stays'],
    [3, 'came back'],
    [4, 'took its slot'],
  ]);
  expect(reader.symbol('gone')).toBe(-1);
  const [source] = head.sources();
  expect(['stays', 'came back', 'took its slot'].map((value) => source!.find(named(value)))).toEqual([
    1, 5, 0,
  ]);
  // Slots 2, 3 and 4 are free, the lowest first.
  source!.open();
  expect(['x', 'y', 'z', 'zz'].map((value) => source!.slot(named(value)))).toEqual([2, 3, 4, 6]);
});

test('a slot that two series claim is the later one’s', () => {
  const { head } = replayed((note) => {
    note.source(SOURCE, 'a target');
    series(note, 1, 'first', 0);
    series(note, 2, 'second', 0);
  });
  expect([0, 1].map((one) => head.index.slotOf(one))).toEqual([NO_SLOT, 0]);
});

test('refs that do not ascend are put in order', () => {
  const { series: found, reader } = replayed(
    (note) => {
      note.source(SOURCE, 'a target');
      series(note, 7, 'seven', 0);
      series(note, 9, 'nine', 1);
    },
    (note) => {
      series(note, 8, 'eight', 2);
      series(note, 3, 'three', undefined);
      series(note, 7, 'seven', 4);
      note.slot(3 as SeriesRef, 3);
    },
  );
  expect(found).toEqual([
    [3, 'three'],
    [7, 'seven'],
    [8, 'eight'],
    [9, 'nine'],
  ]);
  expect(reader.byRef(8)).toBe(2);
});

test('a row that breaks off counts as far as it goes, and the rows after it count', () => {
  const out = new ByteWriter();
  const note = definitionWriter(out);
  note.source(SOURCE, 'a target');
  series(note, 1, 'whole', 0);
  const end = out.length;
  series(note, 2, 'broken', 1);
  const broken = out.view().slice(0, -3);
  expect(broken.length).toBeGreaterThan(end);
  const later = new ByteWriter();
  series(definitionWriter(later), 3, 'later', 2);
  const { series: found, result } = replayedBytes([broken, later.view().slice()]);
  expect(found).toEqual([
    [1, 'whole'],
    [3, 'later'],
  ]);
  expect(result.damaged).toBe(1);
});

test('definitions that are mostly superseded are written anew', () => {
  const { rewritten, series: found } = replayed((note) => {
    note.source(SOURCE, 'a target');
    note.metadata('m', { type: 'gauge', help: 'Help.', unit: '' });
    series(note, 1, 'stays', 3);
    for (let ref = 2; ref < 2000; ref++) series(note, ref, `gone ${ref}`, undefined);
  });
  expect(rewritten).toHaveLength(1);
  const again = replayedBytes(rewritten);
  expect(again.series).toEqual(found);
  expect(again.head.index.slotOf(0)).toBe(3);
  expect(again.head.counters).toEqual({ ref: 2000, source: 2 });
  expect([...again.head.metadata.keys()]).toEqual(['m']);
});
