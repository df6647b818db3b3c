import {
  eachLabel,
  escapeText,
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  labelValue,
  METRIC_NAME,
} from '../model/labels.ts';
import type { MetricMetadata } from '../model/queryable.ts';

/** Endings of the samples of a family. */
const SUFFIXES = ['_total', '_created', '_bucket', '_count', '_sum', '_gcount', '_gsum', '_info'];

export const OPEN_METRICS_END = '# EOF\n';

/** The family that a metric belongs to, as far as is known; itself otherwise. */
export function familyOf(metric: string, metadata: ReadonlyMap<string, MetricMetadata>): string {
  if (metadata.has(metric)) return metric;
  for (const suffix of SUFFIXES) {
    const family = metric.slice(0, -suffix.length);
    if (metric.endsWith(suffix) && metadata.has(family)) return family;
  }
  return metric;
}

/** TYPE, HELP and UNIT of a family; nothing when nothing is known. */
export function writeFamily(family: string, metadata: MetricMetadata | undefined): string {
  if (metadata === undefined) return '';
  const { type, help, unit } = metadata;
  // The samples of a counter end in _total, its family does not.
  const shown = type === 'counter' && family.endsWith('_total') ? family.slice(0, -'_total'.length) : family;
  const name = isLegacyMetricName(shown) ? shown : quoted(shown);
  let text = `# TYPE ${name} ${type}\n`;
  if (help !== '') text += `# HELP ${name} ${escapeText(help)}\n`;
  if (unit !== '' && shown.endsWith(`_${unit}`)) text += `# UNIT ${name} ${unit}\n`;
  return text;
}

/** A series as it stands before each of its values, without the blank. */
export function writeSeries(labels: Labels): string {
  const name = labelValue(labels, METRIC_NAME);
  const parts: string[] = [];
  if (!isLegacyMetricName(name)) parts.push(quoted(name));
  for (const [label, value] of eachLabel(labels)) {
    if (label === METRIC_NAME) continue;
    parts.push(`${isLegacyLabelName(label) ? label : quoted(label)}=${quoted(value)}`);
  }
  const braces = parts.length > 0 ? `{${parts.join(',')}}` : '';
  return isLegacyMetricName(name) ? name + braces : braces;
}

/**
 * Unix ms as seconds that give back the same ms when they are read, multiplied and cut off as upstream does: where the
 * nearest double lies below the whole millisecond, some more digits lift it over.
 */
export function writeSeconds(timestamp: number): string {
  const ms = Math.abs(timestamp);
  const whole = Math.floor(ms / 1000);
  const rest = ms - whole * 1000;
  const sign = timestamp < 0 ? '-' : '';
  if (rest === 0) return `${sign}${whole}`;
  const text = `${sign}${whole}.${String(rest).padStart(3, '0')}`;
  if (Math.trunc(Number(text) * 1000) === timestamp) return text;
  for (const more of ['0001', '0005', '001', '01', '1', '5']) {
    if (Math.trunc(Number(text + more) * 1000) === timestamp) return text + more;
  }
  throw new Error(`timestamp ${timestamp} has no text in seconds`);
}

const quoted = (text: string): string => `"${escapeText(text)}"`;
