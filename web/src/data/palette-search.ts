/** Something that can be gone to. */
export interface Place {
  readonly kind: 'page' | 'dashboard' | 'alert' | 'target';
  readonly title: string;
  readonly note: string;
  readonly to: string;
}

const MOST = 12;

/** Places that hold every word, those whose title begins with the first word before the others; in the given order otherwise. */
export function searchPlaces(places: readonly Place[], text: string): Place[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const hits = places.filter(({ title, note, kind }) => {
    const all = `${title} ${note} ${kind}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const rank = ({ title }: Place): number => {
    const at = title.toLowerCase().indexOf(words[0] ?? '');
    return at === 0 ? 0 : at > 0 ? 1 : 2;
  };
  return hits
    .map((place, i) => ({ place, i }))
    .sort((a, b) => rank(a.place) - rank(b.place) || a.i - b.i)
    .slice(0, MOST)
    .map(({ place }) => place);
}
