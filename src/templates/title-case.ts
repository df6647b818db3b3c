const CASED = /\p{Lu}|\p{Ll}|\p{Lt}/u;

/**
 * Gives each word's first cased letter its title case, words as Unicode cuts them. The rest is lowered as Alertmanager's
 * `title` does, or kept as Prometheus' does.
 */
export function titleCase(text: string, rest: 'lower' | 'keep'): string {
  const words = new Intl.Segmenter('en-US', { granularity: 'word' });
  let out = '';
  for (const { segment } of words.segment(text)) {
    const match = CASED.exec(segment);
    if (!match) {
      out += segment;
      continue;
    }
    const after = segment.slice(match.index + match[0].length);
    out +=
      segment.slice(0, match.index) +
      titleLetter(match[0]) +
      (rest === 'lower' ? after.toLowerCase() : after);
  }
  return out;
}

/** Upper case, but only the first letter where one letter becomes two. */
function titleLetter(letter: string): string {
  const [first = '', ...others] = [...letter.toUpperCase()];
  return first + others.join('').toLowerCase();
}
