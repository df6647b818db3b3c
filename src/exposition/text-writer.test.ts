import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextParser } from './text-parser.ts';
import { writeTextPage } from './text-writer.ts';

test('families are written with help and type', () => {
  const page = writeTextPage([
    {
      name: 'a_total',
      help: 'One\\ \n two.',
      type: 'counter',
      samples: [
        { labels: [], value: 1.5 },
        { labels: ['x', 'a"\\\n', 'y', ''], value: Number.NEGATIVE_INFINITY },
      ],
    },
    { name: 'none', help: '', type: 'gauge', samples: [] },
    { name: 'u', help: '', type: 'unknown', samples: [{ labels: [], value: Number.NaN }] },
  ]);
  expect(page).toBe(`# HELP a_total One\\\\ \\n two.
# TYPE a_total counter
a_total 1.5
a_total{x="a\\"\\\\\\n",y=""} -Inf
# HELP u 
# TYPE u untyped
u NaN
`);
});

test('what is written is read back', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.double(),
      fc.string({ unit: 'grapheme' }),
      (label, value, help) => {
        fc.pre(label.isWellFormed() && help.isWellFormed());
        // Blanks before the text of a comment separate and are no part of it.
        fc.pre(!/^[ \t]/.test(help));
        const page = writeTextPage([
          { name: 'm', help, type: 'gauge', samples: [{ labels: ['l', label], value }] },
        ]);
        const parser = new TextParser(new TextEncoder().encode(page));
        expect([parser.next(), parser.text]).toEqual(['help', help]);
        expect(parser.next()).toBe('type');
        expect(parser.next()).toBe('sample');
        expect(parser.labels()).toEqual(['__name__', 'm', 'l', label]);
        expect(parser.value).toBe(value);
        expect(parser.next()).toBe('end');
      },
    ),
  );
});
