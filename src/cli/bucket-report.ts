import { formatLabels, formatSeries, labelsFromObject } from '../model/labels.ts';

type Point = readonly [time: number, value: string];

/** A series of a range vector as the API gives it. */
interface Ranged {
  readonly metric: Readonly<Record<string, string>>;
  readonly values?: readonly Point[];
  readonly histograms?: readonly (readonly [
    time: number,
    histogram: {
      readonly buckets?: readonly (readonly [
        boundaries: number,
        lower: string,
        upper: string,
        count: string,
      ])[];
    },
  ])[];
}

const HEAD = `Bucket stats for each histogram series over time
------------------------------------------------
First the min, avg, and max number of populated buckets, followed by the total
number of buckets (only if different from the max number of populated buckets
which is typical for classic but not native histograms).

`;
const FOOT = `
Aggregated bucket stats
-----------------------
Each line shows min/avg/max over the series above.
`;

/** Of one histogram over time: populated buckets, and buckets at all. */
interface Used {
  readonly min: number;
  readonly average: number;
  readonly max: number;
  readonly total: number;
}

/**
 * How many buckets of histograms are populated, as promtool's `query analyze` prints it.
 * @param ask gives the samples of a selector over the time looked at
 */
export async function bucketReport(
  selectors: readonly string[],
  ask: (selector: string) => Promise<readonly Ranged[]>,
): Promise<string> {
  let text = HEAD;
  const all: Record<'native' | 'classic', Used[]> = { native: [], classic: [] };
  const tell = (kind: 'native' | 'classic', series: string, used: Used | undefined): void => {
    if (!used) return;
    text += `- ${series} (${kind}): ${shown(used)}\n`;
    all[kind].push(used);
  };
  for (const selector of selectors) {
    const classic = new Map<string, Ranged[]>();
    for (const series of await ask(selector)) {
      const { __name__: name = '', le, ...rest } = series.metric;
      if (!series.values?.length)
        tell('native', formatSeries(labelsFromObject(series.metric)), nativeUse(series));
      else if (le !== undefined && name.endsWith('_bucket')) {
        const key = name + formatLabels(labelsFromObject(rest));
        classic.set(key, [...(classic.get(key) ?? []), series]);
      }
    }
    for (const [key, buckets] of classic) tell('classic', key, classicUse(buckets));
  }
  text += FOOT;
  if (all.native.length > 0) text += `\nNative ${summary(all.native)}\n`;
  if (all.classic.length > 0) text += `\nClassic ${summary(all.classic)}\n`;
  return text;
}

function nativeUse({ histograms = [] }: Ranged): Used | undefined {
  if (histograms.length < 2) return undefined;
  const counts = histograms.map(([, { buckets = [] }]) => buckets.length);
  const bounds = new Set(
    histograms.flatMap(([, { buckets = [] }]) => buckets.map((bucket) => bucket.slice(0, 3).join(' '))),
  );
  return useOf(counts, bounds.size);
}

/** The differences between neighbouring buckets, as whole numbers; a bucket that came late counts as empty. */
function classicUse(series: readonly Ranged[]): Used | undefined {
  const bound = ({ metric }: Ranged): number => Number(metric.le!.replace('Inf', 'Infinity'));
  const sorted = [...series].sort((a, b) => bound(a) - bound(b));
  const times = series[0]!.values!.length;
  if (times < 2) return undefined;
  const counts = Array.from({ length: times }, (_, at) => {
    let populated = 0;
    let before = 0;
    for (const { values = [] } of sorted) {
      const point = values[at];
      if (point === undefined) break;
      const count = Number(point[1]);
      if (Math.trunc(count - before) !== 0) populated++;
      before = count;
    }
    return populated;
  });
  return useOf(counts, series.length);
}

const useOf = (counts: readonly number[], total: number): Used => ({
  min: Math.min(...counts),
  average: counts.reduce((sum, one) => sum + one, 0) / counts.length,
  max: Math.max(...counts),
  total,
});

const shown = ({ min, average, max, total }: Used): string =>
  `${min}/${average.toFixed(3)}/${max}${max === total ? '' : `/${total}`}`;

function summary(all: readonly Used[]): string {
  const line = (of: (used: Used) => number): string => {
    const values = all.map(of);
    const average = values.reduce((sum, one) => sum + one, 0) / values.length;
    return `${Math.min(...values)}/${average.toFixed(3)}/${Math.max(...values)}`;
  };
  const [max, total] = [line((one) => one.max), line((one) => one.total)];
  return [
    `histogram series (${all.length} in total):`,
    `- min populated: ${line((one) => one.min)}`,
    `- avg populated: ${line((one) => Math.trunc(one.average))}`,
    `- max populated: ${max}`,
    ...(max === total ? [] : [`- total: ${total}`]),
  ].join('\n');
}
