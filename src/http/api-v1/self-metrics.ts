import type { MetricObjectWithValues, MetricValue } from 'prom-client';

interface LabelPair {
  readonly name: string;
  readonly value: string;
}

/** A metric family in protobuf's JSON mapping of io.prometheus.client.MetricFamily: 64-bit integers are strings. */
export interface MetricFamilyJson {
  readonly name: string;
  readonly help: string;
  readonly type: 'COUNTER' | 'GAUGE' | 'HISTOGRAM' | 'SUMMARY';
  readonly metric: readonly Readonly<Record<string, unknown>>[];
}

type Family = MetricObjectWithValues<MetricValue<string> & { readonly metricName?: string }>;

/** Own metrics as `/status/self_metrics` of /api/v1 gives them. */
export function selfMetricsJson(
  families: readonly Family[],
  isWanted: (name: string) => boolean,
): MetricFamilyJson[] {
  return families.filter(({ name }) => isWanted(name)).map(familyJson);
}

function familyJson(family: Family): MetricFamilyJson {
  const { name, help } = family;
  switch (String(family.type)) {
    case 'counter':
      return { name, help, type: 'COUNTER', metric: simple(family, 'counter') };
    case 'histogram':
      return { name, help, type: 'HISTOGRAM', metric: grouped(family, 'le', histogramJson) };
    case 'summary':
      return { name, help, type: 'SUMMARY', metric: grouped(family, 'quantile', summaryJson) };
    default:
      return { name, help, type: 'GAUGE', metric: simple(family, 'gauge') };
  }
}

const simple = ({ values }: Family, kind: 'counter' | 'gauge') =>
  values.map(({ labels, value }) => ({ label: pairsOf(labels), [kind]: { value: numberJson(value) } }));

interface Parts {
  /** Bound or quantile and its value. */
  readonly steps: [step: number, value: number][];
  sum: number;
  count: number;
}

/** Joins the series that make up one histogram or summary, told apart by the label `step`. */
function grouped(
  { name, values }: Family,
  step: 'le' | 'quantile',
  write: (parts: Parts) => Readonly<Record<string, unknown>>,
): Record<string, unknown>[] {
  const byLabels = new Map<string, { label: LabelPair[]; parts: Parts }>();
  for (const { metricName, labels, value } of values) {
    const { [step]: at, ...rest } = labels as Record<string, string | number | undefined>;
    const label = pairsOf(rest);
    const key = JSON.stringify(label);
    const found = byLabels.get(key) ?? { label, parts: { steps: [], sum: 0, count: 0 } };
    byLabels.set(key, found);
    if (metricName === `${name}_sum`) found.parts.sum = value;
    else if (metricName === `${name}_count`) found.parts.count = value;
    else if (at !== undefined) found.parts.steps.push([at === '+Inf' ? Infinity : Number(at), value]);
  }
  return [...byLabels.values()].map(({ label, parts }) => ({ label, ...write(parts) }));
}

const histogramJson = ({ steps, sum, count }: Parts) => ({
  histogram: {
    sampleCount: String(count),
    sampleSum: numberJson(sum),
    bucket: steps.map(([upperBound, cumulative]) => ({
      cumulativeCount: String(cumulative),
      upperBound: numberJson(upperBound),
    })),
  },
});

const summaryJson = ({ steps, sum, count }: Parts) => ({
  summary: {
    sampleCount: String(count),
    sampleSum: numberJson(sum),
    quantile: steps.map(([quantile, value]) => ({ quantile, value: numberJson(value) })),
  },
});

const pairsOf = (labels: Readonly<Record<string, string | number | undefined>>): LabelPair[] =>
  Object.entries(labels)
    .map(([name, value]) => ({ name, value: String(value) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Protobuf's JSON has names for what JSON's numbers lack. */
function numberJson(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}
