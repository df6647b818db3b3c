import { type Labels, METRIC_NAME } from '../model/labels.ts';

/** Metrics told apart; a target may make up names without end. */
const MAX_METRICS = 50;
const MAX_LABELS = 30;
/** Values of a label told apart. */
const MAX_VALUES = 100;
const MAX_SHOWN = 5;

/** New series of a target that its budget has no room for. */
export interface ParkedJson {
  /** On the last page. */
  readonly series: number;
  /** RFC 3339: since when there are any. */
  readonly since: string;
  readonly reason: string;
  /** Those with the most new series first. */
  readonly metrics: readonly ParkedMetricJson[];
}

export interface ParkedMetricJson {
  readonly metric: string;
  /** New ones that were not taken since then. */
  readonly series: number;
  /** The label with the most values among them, and how many; 100 stands for more. */
  readonly label: string;
  readonly values: number;
  /** YAML for `metric_relabel_configs` that leaves them out. */
  readonly rule: string;
}

interface MetricCount {
  series: number;
  /** Hashes of the values of each label. */
  readonly labels: Map<string, Set<number>>;
}

/** Counts series that were not taken, by metric and label, in bounded memory. */
export class ParkedSeries {
  since = 0;
  readonly #metrics = new Map<string, MetricCount>();
  #metricNames = 0;
  #prefix = '';
  #others = 0;

  /** @param skip whether a label says nothing about the target's series: it is the target's own */
  add(labels: Labels, skip: (name: string) => boolean, now: number): void {
    if (this.#metrics.size === 0) this.since = now;
    let metric = '';
    for (let i = 0; i < labels.length; i += 2) if (labels[i] === METRIC_NAME) metric = labels[i + 1]!;
    let count = this.#metrics.get(metric);
    if (!count) {
      this.#prefix = this.#metricNames === 0 ? metric : commonStart(this.#prefix, metric);
      this.#metricNames++;
      if (this.#metrics.size === MAX_METRICS) {
        this.#others++;
        return;
      }
      count = { series: 0, labels: new Map() };
      this.#metrics.set(metric, count);
    }
    count.series++;
    for (let i = 0; i < labels.length; i += 2) {
      const name = labels[i]!;
      if (name === METRIC_NAME || skip(name)) continue;
      let values = count.labels.get(name);
      if (!values) {
        if (count.labels.size === MAX_LABELS) continue;
        values = new Set();
        count.labels.set(name, values);
      }
      if (values.size < MAX_VALUES) values.add(hashText(labels[i + 1]!));
    }
  }

  clear(): void {
    this.#metrics.clear();
    this.#metricNames = 0;
    this.#others = 0;
    this.since = 0;
  }

  /** The metrics with the most parked series. */
  top(): ParkedMetricJson[] {
    if (this.#others > 0) {
      // The names themselves are made up.
      let series = this.#others;
      for (const count of this.#metrics.values()) series += count.series;
      const regex = `${escapeRegex(this.#prefix)}.*`;
      const rule = dropRule([METRIC_NAME], regex);
      return [{ metric: `${this.#prefix}*`, series, label: METRIC_NAME, values: MAX_VALUES, rule }];
    }
    return [...this.#metrics]
      .sort(([, a], [, b]) => b.series - a.series)
      .slice(0, MAX_SHOWN)
      .map(([metric, { series, labels }]) => {
        let label = METRIC_NAME;
        let values = 1;
        for (const [name, seen] of labels) {
          if (seen.size > values) [label, values] = [name, seen.size];
        }
        const rule =
          label === METRIC_NAME
            ? dropRule([METRIC_NAME], escapeRegex(metric))
            : dropRule([METRIC_NAME, label], `${escapeRegex(metric)};.+`);
        return { metric, series, label, values, rule };
      });
  }
}

function dropRule(labels: readonly string[], regex: string): string {
  const list = labels.map((label) => (/^\w+$/.test(label) ? label : JSON.stringify(label))).join(', ');
  return `- source_labels: [${list}]\n  regex: ${JSON.stringify(regex)}\n  action: drop\n`;
}

const escapeRegex = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');

function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
