import type { ByteReader, ByteWriter } from '../../encoding/bytes.ts';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { type Labels, labelsFromSorted } from '../../model/labels.ts';
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

/** Gets what `readDefinitions` finds, in the order it was written. */
export interface DefinitionVisitor {
  source(id: SourceId, key: string): void;
  series(definition: SeriesDefinition): void;
  slot(ref: SeriesRef, slot: number | undefined): void;
  metadata(metric: string, metadata: MetricMetadata): void;
  /** The next ref and the next source id are at least these. */
  counters(ref: number, source: number): void;
}

/** A visitor that writes a batch; strings that come again in it are written as the number of their first place. */
export interface DefinitionWriter extends DefinitionVisitor {
  /** Begins another batch. */
  reset(): void;
}

export function definitionWriter(out: ByteWriter): DefinitionWriter {
  const numbers = new Map<string, number>();
  const text = (value: string): void => {
    const known = numbers.get(value);
    out.varint(known ?? 0);
    if (known !== undefined) return;
    out.text(value);
    numbers.set(value, numbers.size + 1);
  };
  return {
    reset: () => numbers.clear(),
    source(id, key) {
      out.u8(DEFINITION.source);
      out.varint(id);
      text(key);
    },
    series({ ref, source, labels, slot }) {
      out.u8(DEFINITION.series);
      out.varint(ref);
      out.varint(source);
      out.varint(slot === undefined ? 0 : slot + 1);
      out.varint(labels.length / 2);
      for (const label of labels) text(label);
    },
    slot(ref, slot) {
      out.u8(DEFINITION.slot);
      out.varint(ref);
      out.varint(slot === undefined ? 0 : slot + 1);
    },
    metadata(metric, { type, help, unit }) {
      out.u8(DEFINITION.metadata);
      text(metric);
      out.u8(TYPES.indexOf(type));
      text(help);
      text(unit);
    },
    counters(ref, source) {
      out.u8(DEFINITION.counters);
      out.varint(ref);
      out.varint(source);
    },
  };
}

/** @throws CorruptBlockError when the bytes are not what `definitionWriter` writes */
export function readDefinitions(reader: ByteReader, visit: DefinitionVisitor): void {
  const slotOf = (coded: number): number | undefined => (coded === 0 ? undefined : coded - 1);
  const strings: string[] = [];
  const text = (): string => {
    const number = reader.varint();
    if (number > strings.length) throw new CorruptBlockError(`string ${number} of ${strings.length}`);
    if (number > 0) return strings[number - 1]!;
    const value = reader.text();
    strings.push(value);
    return value;
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
        const flat = new Array<string>(2 * count);
        for (let i = 0; i < flat.length; i++) flat[i] = text();
        visit.series({ ref, source, labels: labelsFromSorted(flat), slot });
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
        if (type === undefined) throw new CorruptBlockError(`type of metric ${metric}`);
        visit.metadata(metric, { type, help: text(), unit: text() });
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
