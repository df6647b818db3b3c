import { ByteReader, ByteWriter } from '../../encoding/bytes.ts';
import type { AppendOutcome } from '../../model/appender.ts';
import { type Exemplar, MAX_EXEMPLAR_LABELS } from '../../model/exemplar.ts';
import { type Labels, labelsFromSorted } from '../../model/labels.ts';
import { growSlab } from '../index/slab.ts';
import type { StoredExemplar } from '../log/exemplars.ts';
import type { Arena } from './arena.ts';
import { EXEMPLAR, EXEMPLAR_UNITS, HEAD_CONTROL } from './layout.ts';

export interface ExemplarCounts {
  appended: number;
  duplicates: number;
  outOfOrder: number;
  tooLong: number;
}

/** The exemplars that came last, of all series together, in shared memory. Main adds; every thread reads (exemplar-reader.ts). */
export class ExemplarRing {
  readonly counts: ExemplarCounts = { appended: 0, duplicates: 0, outOfOrder: 0, tooLong: 0 };
  readonly #arena: Arena;
  readonly #buffer: SharedArrayBuffer;
  readonly #control: Int32Array;
  readonly #text = new ByteWriter(256);
  /** Number of the last exemplar of each series that has one in the ring. */
  #last = new Map<number, number>();
  #capacity: number;
  #next = 0;
  #floats: Float64Array = new Float64Array(0);
  #words: Uint32Array = new Uint32Array(0);
  #versions: Int32Array = new Int32Array(0);
  readonly #note: (series: number, exemplar: Omit<StoredExemplar, 'ref'>) => void;

  /** @param note writes an exemplar to the log */
  constructor(
    arena: Arena,
    { buffer, control, capacity }: { buffer: SharedArrayBuffer; control: Int32Array; capacity: number },
    note: (series: number, exemplar: Omit<StoredExemplar, 'ref'>) => void,
  ) {
    this.#note = note;
    this.#arena = arena;
    this.#buffer = buffer;
    this.#control = control;
    this.#capacity = capacity;
    this.#view();
    Atomics.store(control, HEAD_CONTROL.exemplarCapacity, capacity);
  }

  get capacity(): number {
    return this.#capacity;
  }

  get size(): number {
    return Math.min(this.#next, this.#capacity);
  }

  get seriesCount(): number {
    return this.#last.size;
  }

  /** Unix ms of the exemplar that would go next; undefined while there is none. */
  get oldestTimestamp(): number | undefined {
    return this.size === 0 ? undefined : this.#floats[this.#unitOf(this.#next - this.size) + 1];
  }

  /** @param sampleTime stands in for a missing timestamp, Unix ms */
  add(series: number, { labels, value, timestamp }: Exemplar, sampleTime: number): AppendOutcome {
    if (this.#capacity === 0) return 'ok';
    if (charactersOf(labels) > MAX_EXEMPLAR_LABELS) {
      this.counts.tooLong++;
      return 'invalid';
    }
    this.#text.reset();
    for (const label of labels) this.#text.text(label);
    const time = timestamp ?? sampleTime;
    const text = this.#text.view();
    const last = this.#last.get(series);
    if (last !== undefined) {
      const order = this.#compare(last, time, value, text);
      if (order === 0) {
        this.counts.duplicates++;
        return 'duplicate';
      }
      if (order < 0) {
        this.counts.outOfOrder++;
        return 'too_old';
      }
    }
    this.#put(series, time, value, text);
    this.#note(series, { timestamp: time, value, text });
    this.counts.appended++;
    return 'ok';
  }

  /** Puts an exemplar back that was kept before, at replay. */
  restore(series: number, { timestamp, value, text }: Omit<StoredExemplar, 'ref'>): void {
    if (this.#capacity > 0) this.#put(series, timestamp, value, text);
  }

  /** Whether one of a series is there. */
  has(series: number): boolean {
    return this.#last.has(series);
  }

  /** @param numbers new number plus one of each series that has some */
  renumber(numbers: Uint32Array): void {
    const last = new Map<number, number>();
    for (let n = this.#next - this.size; n < this.#next; n++) {
      const unit = this.#unitOf(n);
      const version = 2 * unit + EXEMPLAR.version;
      Atomics.add(this.#versions, version, 1);
      const series = numbers[this.#words[2 * unit + EXEMPLAR.series]!]! - 1;
      this.#words[2 * unit + EXEMPLAR.series] = series;
      Atomics.add(this.#versions, version, 1);
      last.set(series, n);
    }
    this.#last = last;
  }

  /** All there are, oldest first. */
  *entries(): Generator<{ series: number; exemplar: Exemplar & { timestamp: number } }> {
    for (let n = this.#next - this.size; n < this.#next; n++) {
      const unit = this.#unitOf(n);
      yield {
        series: this.#words[2 * unit + EXEMPLAR.series]!,
        exemplar: {
          labels: exemplarLabels(this.#textOf(unit)),
          value: this.#floats[unit + 2]!,
          timestamp: this.#floats[unit + 1]!,
        },
      };
    }
  }

  /** Makes room for so many; when there are more, the latest stay. */
  resize(capacity: number): void {
    if (capacity === this.#capacity) return;
    const kept = [...this.entries()].slice(Math.max(0, this.size - capacity));
    Atomics.add(this.#control, HEAD_CONTROL.exemplarVersion, 1);
    for (let n = this.#next - this.size; n < this.#next; n++) this.#free(this.#unitOf(n));
    this.#last.clear();
    this.#next = 0;
    this.#capacity = capacity;
    Atomics.store(this.#control, HEAD_CONTROL.exemplarNext, 0);
    Atomics.store(this.#control, HEAD_CONTROL.exemplarCapacity, capacity);
    if (capacity > 0) {
      for (const { series, exemplar } of kept) {
        this.#text.reset();
        for (const label of exemplar.labels) this.#text.text(label);
        this.#put(series, exemplar.timestamp, exemplar.value, this.#text.view());
      }
    }
    Atomics.add(this.#control, HEAD_CONTROL.exemplarVersion, 1);
  }

  #put(series: number, time: number, value: number, text: Uint8Array): void {
    const place = this.#next % this.#capacity;
    const bytes = 8 * EXEMPLAR_UNITS * (place + 1);
    if (bytes > this.#buffer.byteLength) {
      growSlab(this.#buffer, bytes);
      this.#view();
    }
    const unit = EXEMPLAR_UNITS * place;
    const version = 2 * unit + EXEMPLAR.version;
    Atomics.add(this.#versions, version, 1);
    if (this.#next >= this.#capacity) {
      const gone = this.#words[2 * unit + EXEMPLAR.series]!;
      if (this.#last.get(gone) === this.#next - this.#capacity) this.#last.delete(gone);
      this.#free(unit);
    }
    const textUnits = Math.ceil(text.length / 8);
    const at = textUnits === 0 ? 0 : this.#arena.allocate(textUnits);
    const { words } = this.#arena;
    new Uint8Array(words.buffer, words.byteOffset + 8 * at, text.length).set(text);
    this.#words[2 * unit + EXEMPLAR.series] = series;
    this.#floats[unit + 1] = time;
    this.#floats[unit + 2] = value;
    this.#words[2 * unit + EXEMPLAR.text] = at;
    this.#words[2 * unit + EXEMPLAR.textBytes] = text.length;
    Atomics.add(this.#versions, version, 1);
    this.#last.set(series, this.#next);
    this.#next++;
    Atomics.store(this.#control, HEAD_CONTROL.exemplarNext, this.#next);
  }

  /** How the given one stands to one of the ring: by time, then by value, then by its labels as bytes. */
  #compare(number: number, time: number, value: number, text: Uint8Array): number {
    const unit = this.#unitOf(number);
    const knownTime = this.#floats[unit + 1]!;
    const knownValue = this.#floats[unit + 2]!;
    if (time !== knownTime) return time - knownTime;
    if (!Object.is(value, knownValue)) return value < knownValue ? -1 : 1;
    return Buffer.compare(text, this.#textOf(unit));
  }

  #textOf(unit: number): Uint8Array {
    const { words } = this.#arena;
    const at = 8 * this.#words[2 * unit + EXEMPLAR.text]!;
    return new Uint8Array(words.buffer, words.byteOffset + at, this.#words[2 * unit + EXEMPLAR.textBytes]);
  }

  #free(unit: number): void {
    const units = Math.ceil(this.#words[2 * unit + EXEMPLAR.textBytes]! / 8);
    if (units > 0) this.#arena.free(this.#words[2 * unit + EXEMPLAR.text]!, units);
  }

  #unitOf(number: number): number {
    return EXEMPLAR_UNITS * (number % this.#capacity);
  }

  #view(): void {
    const units = this.#buffer.byteLength >>> 3;
    this.#floats = new Float64Array(this.#buffer, 0, units);
    this.#words = new Uint32Array(this.#buffer, 0, 2 * units);
    this.#versions = new Int32Array(this.#buffer, 0, 2 * units);
  }
}

/** Labels as the ring keeps them: names and values in turn, each with its length before it. */
export function exemplarLabels(text: Uint8Array): Labels {
  const reader = new ByteReader(text);
  const flat: string[] = [];
  while (reader.remaining > 0) flat.push(reader.text());
  return labelsFromSorted(flat);
}

/** Characters of all names and values, counted as code points. */
function charactersOf(labels: Labels): number {
  let count = 0;
  for (const text of labels) {
    count += text.length;
    for (let i = 0; i + 1 < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count--;
  }
  return count;
}
