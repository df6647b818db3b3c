import type { Exemplar, SeriesExemplars } from '../../model/exemplar.ts';
import { compareLabels, labelsKey } from '../../model/labels.ts';
import type { QueryBudget } from '../../model/queryable.ts';
import type { TimeRange } from '../../model/time.ts';
import type { CompiledMatcher } from '../matching.ts';
import { Attempts } from './attempts.ts';
import type { CurrentIndex } from './current-index.ts';
import { exemplarLabels } from './exemplar-ring.ts';
import { EXEMPLAR, EXEMPLAR_UNITS, HEAD_CONTROL, type HeadShared } from './layout.ts';

/** What an exemplar takes in an answer under work, bytes; its labels not counted. */
const EXEMPLAR_BYTES = 200;

/** Labels of an exemplar are short: a longer claim is a torn read. */
const MAX_TEXT_BYTES = 4096;

/**
 * Reads the exemplars from any thread while main adds some: those of series that any of the matcher lists selects, in the range; series
 * in order of their labels, exemplars in order of time.
 */
export function readExemplars(
  shared: HeadShared,
  current: CurrentIndex,
  sets: readonly (readonly CompiledMatcher[])[],
  range: TimeRange,
  budget: QueryBudget,
): SeriesExemplars[] {
  const index = current.get();
  const wanted = new Uint8Array(index.refresh());
  for (const matchers of sets) for (const series of index.match(matchers)) wanted[series] = 1;
  const found = new Map<number, (Exemplar & { timestamp: number })[]>();
  for (const { number: _, series, ...exemplar } of exemplarsIn(shared, index.generation, wanted)) {
    budget.check();
    if (exemplar.timestamp < range.from || exemplar.timestamp >= range.to) continue;
    budget.bytes(EXEMPLAR_BYTES);
    const list = found.get(series);
    if (list) list.push(exemplar);
    else found.set(series, [exemplar]);
  }
  if (!current.isCurrent(index)) return readExemplars(shared, current, sets, range, budget);
  // A series that several sources have is one.
  const byLabels = new Map<
    string,
    { labels: SeriesExemplars['labels']; exemplars: (Exemplar & { timestamp: number })[] }
  >();
  for (const [series, exemplars] of found) {
    const labels = index.labelsOf(series);
    const key = labelsKey(labels);
    const known = byLabels.get(key);
    if (known) for (const exemplar of exemplars) known.exemplars.push(exemplar);
    else byLabels.set(key, { labels, exemplars });
  }
  const out = [...byLabels.values()].sort((a, b) => compareLabels(a.labels, b.labels));
  for (const { exemplars } of out) exemplars.sort((a, b) => a.timestamp - b.timestamp);
  return out;
}

/** How far somebody has followed the exemplars: the next one's number, and of which ring. */
export interface ExemplarPlace {
  readonly version: number;
  readonly next: number;
}

/**
 * Those of the first `count` series of an index' generation that came after `place` and are still there, in the order they came; none without a place, and when
 * the ring was made anew. Gives the place behind them.
 */
export function exemplarsAfter(
  shared: HeadShared,
  { count, generation }: { readonly count: number; readonly generation: number },
  place: ExemplarPlace | undefined,
  take: (series: number, exemplar: Exemplar & { timestamp: number }) => void,
): ExemplarPlace | undefined {
  const control = new Int32Array(shared.control);
  const version = Atomics.load(control, HEAD_CONTROL.exemplarVersion);
  const end = Atomics.load(control, HEAD_CONTROL.exemplarNext);
  if (version % 2 !== 0) return undefined;
  if (place?.version !== version) return { version, next: end };
  if (place.next === end) return place;
  let { next } = place;
  const wanted = new Uint8Array(count).fill(1);
  for (const { number, series, ...exemplar } of exemplarsIn(shared, generation, wanted, next)) {
    next = number + 1;
    take(series, exemplar);
  }
  return { version, next };
}

/** Ends where another index takes the place of the one in whose numbers `wanted` is. */
function* exemplarsIn(
  shared: HeadShared,
  generation: number,
  wanted: Uint8Array,
  from = 0,
): Generator<{ number: number; series: number } & Exemplar & { timestamp: number }> {
  const control = new Int32Array(shared.control);
  const version = Atomics.load(control, HEAD_CONTROL.exemplarVersion);
  const capacity = Atomics.load(control, HEAD_CONTROL.exemplarCapacity);
  const next = Atomics.load(control, HEAD_CONTROL.exemplarNext);
  if (capacity === 0 || version % 2 !== 0) return;
  const units = shared.exemplars.byteLength >>> 3;
  const floats = new Float64Array(shared.exemplars, 0, units);
  const words = new Uint32Array(shared.exemplars, 0, 2 * units);
  const versions = new Int32Array(shared.exemplars, 0, 2 * units);
  for (let number = Math.max(from, next - capacity); number < next; number++) {
    const unit = EXEMPLAR_UNITS * (number % capacity);
    if (unit + EXEMPLAR_UNITS > units) return;
    const attempts = new Attempts(versions, 2 * unit + EXEMPLAR.version, `exemplar ${number} of the head`);
    for (;;) {
      const before = attempts.next();
      const series = words[2 * unit + EXEMPLAR.series]!;
      const timestamp = floats[unit + 1]!;
      const value = floats[unit + 2]!;
      const text = wanted[series] === 1 ? copyText(shared.arena, words, unit) : undefined;
      if (!attempts.isUndisturbed(before)) continue;
      // The ring was made anew for another size: what is known by now is an answer.
      if (Atomics.load(control, HEAD_CONTROL.exemplarVersion) !== version) return;
      if (Atomics.load(control, HEAD_CONTROL.indexGeneration) !== 2 * generation) return;
      if (text) yield { number, series, timestamp, value, labels: exemplarLabels(text) };
      break;
    }
  }
}

function copyText(arena: SharedArrayBuffer, words: Uint32Array, unit: number): Uint8Array | undefined {
  const at = 8 * words[2 * unit + EXEMPLAR.text]!;
  const length = words[2 * unit + EXEMPLAR.textBytes]!;
  if (length > MAX_TEXT_BYTES || at + length > arena.byteLength) return undefined;
  return new Uint8Array(arena, at, length).slice();
}
