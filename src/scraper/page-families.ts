import type { ExpositionParser } from '../exposition/parser.ts';
import { type PageReader, tell } from './page.ts';

/** Lines walked over between two looks at the clock. */
const LINES_PER_SLICE_CHECK = 64;

/** Tells all that a page says about its families; gives their names. Yields whenever `sliceOver` says so. */
export function* tellFamilies(
  parser: ExpositionParser,
  reader: PageReader,
  sliceOver: () => boolean,
): Generator<void, Set<string>> {
  const families = new Set<string>();
  let work = 0;
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind !== 'sample') {
      tell(reader, kind, parser);
      families.add(parser.family);
    }
    if (++work % LINES_PER_SLICE_CHECK === 0 && sliceOver()) yield;
  }
  return families;
}
