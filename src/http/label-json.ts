import type { Labels } from '../model/labels.ts';
import { perLabelSet } from '../notifiers/matching.ts';

const PLAIN = /^[ !#-[\]-~]*$/;

/** Most texts need no escape, which is told sooner than written by JSON.stringify. */
export const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/**
 * Writes label sets as JSON objects, each once for as long as its array is known: labels and annotations are most of what a list of
 * alerts says, and they seldom change. `join` makes one flat text; one put together of its pieces would be so again for each answer.
 */
export function labelWriter(): (labels: Labels) => string {
  return perLabelSet((labels) => {
    const pairs: string[] = [];
    for (let i = 0; i < labels.length; i += 2) pairs.push(`${quoted(labels[i]!)}:${quoted(labels[i + 1]!)}`);
    return ['{', pairs.join(), '}'].join('');
  });
}

/** Works out once what is asked for again and again within one answer. */
export function memo<K, V>(answer: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    let found = known.get(key);
    if (found === undefined) known.set(key, (found = answer(key)));
    return found;
  };
}
