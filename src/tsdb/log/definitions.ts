import { ByteReader, type ByteWriter } from '../../encoding/bytes.ts';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import type { Labels } from '../../model/labels.ts';
import type { MetricMetadata } from '../../model/queryable.ts';
import type { SeriesRef, SourceId } from '../block.ts';

/** Kinds of records in a row of `definitions`; docs/formats/log.md. */
const DEFINITION = { source: 1, series: 2, slot: 3, metadata: 4, counters: 5 } as const;

const TYPES: readonly MetricMetadata['type'][] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

export interface SeriesDefinition {
  readonly ref: SeriesRef;
  readonly source: SourceId;
  readonly labels: Labels;
  /** Undefined: no place in a ring, because it brings its own times or has long been absent. */
  readonly slot: number | undefined;
}

/** Where definitions are noted. */
export interface DefinitionSink {
  source(id: SourceId, key: string): void;
  series(definition: SeriesDefinition): void;
  slot(ref: SeriesRef, slot: number | undefined): void;
  metadata(metric: string, metadata: MetricMetadata): void;
  /** The next ref and the next source id are at least these. */
  counters(ref: number, source: number): void;
}

/** Gets what `readDefinitions` finds, in the order it was written. Texts are given once and then named by a number. */
export interface DefinitionVisitor {
  /** A text, UTF-8 at [from, to) of what is read; returns the number by which it is named from here on. */
  text(from: number, to: number): number;
  source(id: SourceId, key: number): void;
  /** @param labels texts of names and values in turn, labels[0, length); the array is used again */
  series(
    ref: SeriesRef,
    source: SourceId,
    slot: number | undefined,
    labels: Uint32Array,
    length: number,
  ): void;
  slot(ref: SeriesRef, slot: number | undefined): void;
  metadata(metric: number, type: MetricMetadata['type'], help: number, unit: number): void;
  counters(ref: number, source: number): void;
}

/** Writes a batch; strings that come again in it are written as the number of their first place. */
export interface DefinitionWriter extends DefinitionSink {
  /** Begins another batch. */
  reset(): void;
  /** Definitions written, those of earlier batches included. */
  readonly count: number;
}

export function definitionWriter(out: ByteWriter): DefinitionWriter {
  const numbers = new Map<string, number>();
  let count = 0;
  const begin = (kind: number): void => {
    count++;
    out.u8(kind);
  };
  const text = (value: string): void => {
    const known = numbers.get(value);
    out.varint(known ?? 0);
    if (known !== undefined) return;
    out.text(value);
    numbers.set(value, numbers.size + 1);
  };
  return {
    reset: () => numbers.clear(),
    get count() {
      return count;
    },
    source(id, key) {
      begin(DEFINITION.source);
      out.varint(id);
      text(key);
    },
    series({ ref, source, labels, slot }) {
      begin(DEFINITION.series);
      out.varint(ref);
      out.varint(source);
      out.varint(slot === undefined ? 0 : slot + 1);
      out.varint(labels.length / 2);
      for (const label of labels) text(label);
    },
    slot(ref, slot) {
      begin(DEFINITION.slot);
      out.varint(ref);
      out.varint(slot === undefined ? 0 : slot + 1);
    },
    metadata(metric, { type, help, unit }) {
      begin(DEFINITION.metadata);
      text(metric);
      out.u8(TYPES.indexOf(type));
      text(help);
      text(unit);
    },
    counters(ref, source) {
      begin(DEFINITION.counters);
      out.varint(ref);
      out.varint(source);
    },
  };
}

/** @throws CorruptBlockError when the bytes are not what `definitionWriter` writes */
export function readDefinitions(bytes: Uint8Array, visit: DefinitionVisitor): void {
  const reader = new ByteReader(bytes);
  const slotOf = (coded: number): number | undefined => (coded === 0 ? undefined : coded - 1);
  const texts: number[] = [];
  let row = new Uint32Array(64);
  const text = (): number => {
    const number = reader.varint();
    if (number > texts.length) throw new CorruptBlockError(`string ${number} of ${texts.length}`);
    if (number > 0) return texts[number - 1]!;
    const length = reader.varint();
    const from = reader.skip(length);
    const added = visit.text(from, from + length);
    texts.push(added);
    return added;
  };
  while (reader.remaining > 0) {
    const kind = reader.u8();
    switch (kind) {
      case DEFINITION.source: {
        const id = reader.varint() as SourceId;
        visit.source(id, text());
        break;
      }
      case DEFINITION.series: {
        const ref = reader.varint() as SeriesRef;
        const source = reader.varint() as SourceId;
        const slot = slotOf(reader.varint());
        const count = reader.varint();
        if (2 * count > reader.remaining) throw new CorruptBlockError(`${count} labels of series ${ref}`);
        if (row.length < 2 * count) row = new Uint32Array(2 * count);
        for (let i = 0; i < 2 * count; i++) row[i] = text();
        visit.series(ref, source, slot, row, 2 * count);
        break;
      }
      case DEFINITION.slot: {
        const ref = reader.varint() as SeriesRef;
        visit.slot(ref, slotOf(reader.varint()));
        break;
      }
      case DEFINITION.metadata: {
        const metric = text();
        const type = TYPES[reader.u8()];
        if (type === undefined) throw new CorruptBlockError('type of the metadata of a metric');
        const help = text();
        visit.metadata(metric, type, help, text());
        break;
      }
      case DEFINITION.counters: {
        const ref = reader.varint();
        visit.counters(ref, reader.varint());
        break;
      }
      default:
        throw new CorruptBlockError(`definition of kind ${kind} at byte ${reader.position - 1}`);
    }
  }
}
