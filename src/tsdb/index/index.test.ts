import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatSeries, type Labels, labelsFromObject, labelValue } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { SeriesRef } from '../block.ts';
import { compileMatcher } from '../matching.ts';
import { IndexReader } from './index-reader.ts';
import { createIndexShared, INDEX_LAYOUT, usedBytes } from './layout.ts';
import { SeriesIndex } from './series-index.ts';
import { growSlab } from './slab.ts';

function indexOf(sets: readonly Labels[]): { index: SeriesIndex; reader: IndexReader } {
  const index = new SeriesIndex(createIndexShared(7));
  const reader = new IndexReader(index.shared);
  for (const [i, labels] of sets.entries()) index.add(i % 3, labels, (i * 2 + 1) as SeriesRef);
  reader.refresh();
  return { index, reader };
}

const some = fc.constantFrom('', 'a', 'b', 'ab', 'abc', 'ö', '🙂', 'a\nb');
const labelSet = fc.record({ __name__: some, x: some, y: some }).map((object) => labelsFromObject(object));
const matcher: fc.Arbitrary<Matcher> = fc.record({
  name: fc.constantFrom('__name__', 'x', 'y', 'nowhere'),
  op: fc.constantFrom('=', '!=', '=~', '!~'),
  value: fc.constantFrom(
    '',
    'a',
    'b',
    'zzz',
    'a|b',
    'a.*',
    'a.+',
    '.*',
    '.+',
    '.?',
    '(a|ö)b?',
    '|a',
    '[^a]',
    'a.b',
  ),
});

describe('the series index', () => {
  test('selects what a look at every series would', () => {
    fc.assert(
      fc.property(
        fc.array(labelSet, { maxLength: 60 }),
        fc.array(fc.array(matcher, { maxLength: 4 }), { maxLength: 8 }),
        (sets, queries) => {
          const { reader } = indexOf(sets);
          for (const query of queries) {
            const compiled = query.map(compileMatcher);
            const expected = sets.flatMap((labels, i) =>
              compiled.every((one) => one.matches(labelValue(labels, one.name))) ? [i] : [],
            );
            expect([...reader.match(compiled)], JSON.stringify(query)).toEqual(expected);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('finds a series again by source and labels, and by its ref', () => {
    const sets = Array.from({ length: 5000 }, (_, i) =>
      labelsFromObject({ __name__: `m${i % 7}`, id: `${i}`.repeat(1 + (i % 3)) }),
    );
    const { index, reader } = indexOf(sets);
    for (const [i, labels] of sets.entries()) {
      expect(index.find(i % 3, labels)).toBe(i);
      expect(index.find((i + 1) % 3, labels)).toBe(-1);
      expect(reader.byRef(i * 2 + 1)).toBe(i);
      expect(reader.byRef(i * 2)).toBe(-1);
      expect(reader.labelsOf(i)).toEqual(labels);
    }
    expect(index.find(0, labelsFromObject({ id: 'unheard of' }))).toBe(-1);
  });

  test('a reader sees the series there were when it looked, however many come', () => {
    const { index, reader } = indexOf([labelsFromObject({ __name__: 'm', id: 'first' })]);
    const all = [compileMatcher({ name: '__name__', op: '=', value: 'm' })];
    for (let i = 1; i < 20_000; i++) {
      index.add(1, labelsFromObject({ __name__: 'm', id: String(i) }), (i * 2 + 1) as SeriesRef);
    }
    expect(reader.match(all)).toEqual(Uint32Array.of(0));
    expect(reader.refresh()).toBe(20_000);
    expect(reader.match(all)).toHaveLength(20_000);
    expect(reader.match([compileMatcher({ name: 'id', op: '=~', value: '1999[0-4]' })])).toHaveLength(5);
    expect(reader.symbol('19999')).toBeGreaterThan(0);
    expect(reader.symbol('20000')).toBe(-1);
  });
});

describe('an index made of what another one is made of', () => {
  test('finds and selects the same, and goes on', () => {
    fc.assert(
      fc.property(fc.array(labelSet), fc.array(labelSet), matcher, (sets, more, wanted) => {
        const unlike = [...new Map(sets.map((labels) => [formatSeries(labels), labels])).values()];
        const { index } = indexOf(unlike);
        const again = copyOf(index);
        const reader = new IndexReader(again.shared);
        for (const [i, labels] of [...unlike, ...more].entries()) {
          const source = i % 3;
          const found = index.find(source, labels);
          expect(again.find(source, labels)).toBe(found);
          if (found >= 0) continue;
          const ref = (1000 + i) as SeriesRef;
          expect(again.add(source, labels, ref)).toBe(index.add(source, labels, ref));
        }
        expect(reader.refresh()).toBe(index.count);
        const all = new IndexReader(index.shared);
        all.refresh();
        const compiled = [compileMatcher(wanted)];
        expect([...reader.match(compiled)]).toEqual([...all.match(compiled)]);
        for (let series = 0; series < index.count; series++) {
          expect(again.labelsOf(series)).toEqual(index.labelsOf(series));
          expect(again.refOf(series)).toBe(index.refOf(series));
        }
      }),
    );
  });

  test('is laid out as this number says: who changes one changes both', () => {
    const { index } = indexOf(['a', 'b', 'ö'].map((x) => labelsFromObject({ __name__: 'm', x })));
    const crc = index.parts().reduce((sum, part) => crc32(part, sum), 0);
    expect([INDEX_LAYOUT, crc.toString(16)]).toEqual([2, 'aa0738e4']);
  });
});

/** In buffers of its own, from the bytes alone. */
function copyOf(index: SeriesIndex): SeriesIndex {
  const shared = createIndexShared(0);
  const [control, ...parts] = index.parts();
  new Uint8Array(shared.control).set(control!);
  for (const [i, name] of Object.keys(usedBytes(new Int32Array(shared.control))).entries()) {
    const buffer = shared[name as keyof typeof shared];
    growSlab(buffer, parts[i]!.length);
    new Uint8Array(buffer).set(parts[i]!);
  }
  return new SeriesIndex(shared, true);
}
