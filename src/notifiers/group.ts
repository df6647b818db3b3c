import { compareStrings, eachLabel, filterLabels, type Labels, labelValue, quote } from '../model/labels.ts';
import type { Route } from './routes.ts';

/** The labels that alerts of one group share because the route groups by them; those an alert lacks are left out. */
export function groupLabels(labels: Labels, groupBy: Route['groupBy']): Labels {
  return groupBy === 'all' ? labels : filterLabels(labels, (name) => groupBy.has(name));
}

/** The key of a group as Alertmanager prints it: `{}/{team="db"}:{alertname="Down", shard="1"}`. */
export function groupKey(route: Pick<Route, 'key'>, labels: Labels): string {
  return `${route.key}:${formatGroupLabels(labels)}`;
}

/** Writes labels as Go prints a label set: like a selector, but names are never quoted. */
export function formatGroupLabels(labels: Labels): string {
  return `{${[...eachLabel(labels)].map(([name, value]) => `${name}=${quote(value)}`).join(', ')}}`;
}

/** The order of alerts in a notification: by job, then instance (those without last), then the label set. */
export function compareAlerts(a: { labels: Labels }, b: { labels: Labels }): number {
  for (const name of ['job', 'instance']) {
    const x = labelValue(a.labels, name);
    const y = labelValue(b.labels, name);
    if (x === y) continue;
    if (x === '') return 1;
    if (y === '') return -1;
    return compareStrings(x, y);
  }
  return compareLabelSets(a.labels, b.labels);
}

/**
 * Upstream's order of label sets: fewer labels first; then the first label that only one of them has puts the other one first,
 * or the first value that differs decides.
 */
export function compareLabelSets(a: Labels, b: Labels): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i += 2) {
    if (a[i] !== b[i]) return compareStrings(b[i]!, a[i]!);
    if (a[i + 1] !== b[i + 1]) return compareStrings(a[i + 1]!, b[i + 1]!);
  }
  return 0;
}
