import { compareStrings } from '../model/labels.ts';

/** How names are searched for; fields as the parameters of upstream's search endpoints. */
export interface NameSearch {
  /** A name is found when any of them fits; without any, all are. */
  readonly terms: readonly string[];
  readonly algorithm: 'subsequence' | 'jarowinkler';
  /** Least score of a fit that is no plain part of the name, 0 to 1. */
  readonly threshold: number;
  readonly isCaseSensitive: boolean;
  readonly order: 'ascending' | 'descending' | 'score';
  readonly limit: number;
}

export interface FoundName {
  readonly text: string;
  /** 1 for the best. */
  readonly score: number;
}

/** Names looked at between two looks at the clock. */
const NAMES_PER_CHECK = 1000;

/**
 * The names that fit, in the order asked for, at most `limit`.
 * @param names sorted, each once
 */
export function searchNames(
  names: readonly string[],
  search: NameSearch,
  check: () => void,
): { readonly found: readonly FoundName[]; readonly hasMore: boolean } {
  const scoreOf = scorer(search);
  const found: FoundName[] = [];
  for (const [i, text] of names.entries()) {
    if (i % NAMES_PER_CHECK === 0) check();
    const score = scoreOf(text);
    if (score !== undefined) found.push({ text, score });
  }
  if (search.order === 'descending') found.reverse();
  if (search.order === 'score') {
    check();
    found.sort((a, b) => b.score - a.score || compareStrings(a.text, b.text));
  }
  return { found: found.slice(0, search.limit), hasMore: found.length > search.limit };
}

/** The score of a name; undefined when it does not fit. */
type Scorer = (name: string) => number | undefined;

function scorer({ terms, algorithm, threshold, isCaseSensitive }: NameSearch): Scorer {
  const fold = (text: string): string => (isCaseSensitive ? text : text.toLowerCase());
  const byTerm = terms
    .filter((term) => term !== '')
    .map((term) => (algorithm === 'subsequence' ? inOrder : alike)(fold(term), threshold));
  if (byTerm.length === 0) return () => 1;
  return (name) => {
    const folded = fold(name);
    let best: number | undefined;
    for (const ofTerm of byTerm) {
      const score = ofTerm(folded);
      if (score !== undefined && (best === undefined || score > best)) best = score;
      if (best === 1) break;
    }
    return best;
  };
}

/** A fit that is not the whole name stays this far below 1. */
const BELOW_WHOLE = 0.999;

/** Fits when the term's characters come in the name one after the other; what begins with the term is as good as it gets. */
function inOrder(term: string, threshold: number): Scorer {
  const wanted = [...term];
  return (name) => {
    if (name.startsWith(term)) return 1;
    const score = subsequenceScore(wanted, [...name]);
    return score > 0 && score >= threshold ? score : undefined;
  };
}

/**
 * Of all places where the term may begin, the best sum of squared lengths of its unbroken runs, less the gaps before and between
 * them and half the rest of the name, each in parts of the name's length; 0 when the characters do not come in order.
 */
function subsequenceScore(wanted: readonly string[], name: readonly string[]): number {
  let best = 0;
  for (let start = 0; start + wanted.length <= name.length; start++) {
    if (name[start] !== wanted[0]) continue;
    const sum = runsFrom(wanted, name, start);
    // What does not fit from here fits from nowhere later.
    if (sum === undefined) break;
    if (sum > best) best = sum;
  }
  return (best / wanted.length ** 2) * BELOW_WHOLE;
}

function runsFrom(wanted: readonly string[], name: readonly string[], start: number): number | undefined {
  const share = 1 / name.length;
  let sum = 0;
  let matched = 0;
  /** End of the run before. */
  let end = 0;
  for (let at = start; matched < wanted.length; ) {
    while (at < name.length && name[at] !== wanted[matched]) at++;
    if (at === name.length) return undefined;
    const from = at;
    while (at < name.length && matched < wanted.length && name[at] === wanted[matched]) {
      at++;
      matched++;
    }
    sum -= (from - end) * share;
    sum += (at - from) ** 2;
    end = at;
  }
  return sum - (name.length - end) * share * 0.5;
}

/** Fits when the name holds the term, the better the sooner, or, with a threshold, when the two are alike. */
function alike(term: string, threshold: number): Scorer {
  const wanted = [...term];
  return (name) => {
    const at = name.indexOf(term);
    if (at === 0) return 1;
    if (at > 0) return 1 - (0.9 * [...name.slice(0, at)].length) / ([...name].length - wanted.length);
    if (threshold === 0) return undefined;
    const score = jaroWinkler(wanted, [...name]);
    return score >= threshold ? score : undefined;
  };
}

/** Characters at the front that count extra, and for how much. */
const PREFIX = 4;
const PREFIX_WEIGHT = 0.1;

/** Jaro's similarity with Winkler's bonus for a common prefix (Winkler, "String Comparator Metrics", 1990), 0 to 1. */
function jaroWinkler(a: readonly string[], b: readonly string[]): number {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  const reach = Math.max(Math.floor(long.length / 2) - 1, 0);
  const isTaken = new Uint8Array(long.length);
  const matches: string[] = [];
  for (const [i, char] of short.entries()) {
    const end = Math.min(i + reach + 1, long.length);
    for (let j = Math.max(i - reach, 0); j < end; j++) {
      if (isTaken[j] === 1 || long[j] !== char) continue;
      isTaken[j] = 1;
      matches.push(char);
      break;
    }
  }
  if (matches.length === 0) return 0;
  let next = 0;
  let outOfPlace = 0;
  for (const [j, char] of long.entries()) {
    if (isTaken[j] === 1 && char !== matches[next++]) outOfPlace++;
  }
  const count = matches.length;
  const jaro = (count / short.length + count / long.length + (count - outOfPlace / 2) / count) / 3;
  let prefix = 0;
  while (prefix < Math.min(PREFIX, short.length) && short[prefix] === long[prefix]) prefix++;
  return jaro + prefix * PREFIX_WEIGHT * (1 - jaro);
}
