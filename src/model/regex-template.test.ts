import { expect, test } from 'vitest';
import { compileExpander } from './regex-template.ts';

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: RE2's own braces */
test.each([
  ['(.*)-(.*)', '$2/$1', 'a-b', 'b/a'],
  ['(?P<first>.*)-.*', '${first}!', 'a-b', 'a!'],
  ['(.*)', '$1x', 'a', ''],
  ['(.*)', '${1}x', 'a', 'ax'],
  ['(.*)', '$0$2', 'a', 'a'],
  ['(.*)', '$$1', 'a', '$1'],
  ['(a)', '$$1 $- ${a-b} $', 'a', '$1 $- ${a-b} $'],
  ['b', 'x', 'a', undefined],
  // A number has no leading zeros; what is none is a name.
  ['(a)', '[$01]', 'a', '[]'],
  // No digit in Go's eyes, so the name ends before it.
  ['(a)', '$1²', 'a', 'a²'],
  // Names that every object of JavaScript knows.
  ['(a)', '[$constructor$toString]', 'a', '[]'],
])('%s with %s on %s gives %s', (pattern, template, text, expanded) => {
  expect(compileExpander(pattern)(text)?.(template)).toBe(expanded);
});
/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: RE2's own braces */
