import {
  eachLabel,
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  labelsOf,
  METRIC_NAME,
} from '../model/labels.ts';
import type { LabelBuilder, NameValidation, Relabel } from './relabel.ts';

const EXPORTED = 'exported_';

/** Limits on the labels of a sample, after relabelling; 0 is none. */
export interface LabelLimits {
  readonly label_limit: number;
  readonly label_name_length_limit: number;
  readonly label_value_length_limit: number;
}

/** What a job says about the labels of its samples. */
export interface LabelRules extends LabelLimits {
  readonly relabel: Relabel;
  readonly honor_labels: boolean;
  readonly metric_name_validation_scheme: NameValidation;
}

/**
 * The labels under which a sample is stored; undefined when relabelling drops it.
 * @param written names and values in turn
 * @throws Error saying which rule of the job they break
 */
export function storedLabels(
  written: readonly string[],
  target: Labels,
  rules: LabelRules,
): Labels | undefined {
  const labels = withTargetLabels(written, target, rules.honor_labels);
  if (!rules.relabel(labels)) return undefined;
  if (!labels.get(METRIC_NAME)) throw new Error('missing metric name (__name__ label)');
  if (rules.metric_name_validation_scheme === 'legacy') checkLegacyNames(labels);
  checkLabelLimits(labels, rules);
  return labelsOf(labels);
}

function checkLegacyNames(labels: LabelBuilder): void {
  for (const [name, value] of labels) {
    if (name === METRIC_NAME ? isLegacyMetricName(value) : isLegacyLabelName(name)) continue;
    const wrong = JSON.stringify(name === METRIC_NAME ? value : name);
    throw new Error(`invalid metric name or label names: ${wrong} (metric_name_validation_scheme legacy)`);
  }
}

/**
 * Joins the labels of a sample as written with those of its target. Where they clash the target's win and the sample's move to
 * `exported_<name>`; with `honor` the sample's stay, an empty one keeping the target's away.
 * @param written names and values in turn
 * @throws Error when a name is given twice
 */
function withTargetLabels(written: readonly string[], target: Labels, honor: boolean): LabelBuilder {
  const labels: LabelBuilder = new Map();
  for (let i = 0; i < written.length; i += 2) {
    const name = written[i]!;
    if (labels.has(name))
      throw new Error(`label ${JSON.stringify(name)} is given twice on ${describe(written)}`);
    labels.set(name, written[i + 1]!);
  }
  const displaced: [name: string, value: string][] = [];
  for (const [name, value] of eachLabel(target)) {
    const own = labels.get(name);
    if (honor && own !== undefined) continue;
    if (own) displaced.push([name, own]);
    labels.set(name, value);
  }
  displaced.sort(([a], [b]) => a.length - b.length);
  for (const [name, value] of displaced) {
    let moved = EXPORTED + name;
    while (labels.get(moved)) moved = EXPORTED + moved;
    labels.set(moved, value);
  }
  for (const [name, value] of labels) if (value === '') labels.delete(name);
  return labels;
}

/** Labels of one of the series that report on a scrape. */
export function reportLabels(name: string, target: Labels): Labels {
  return labelsOf(withTargetLabels([METRIC_NAME, name], target, false));
}

/** @throws Error, in upstream's words, naming the limit, the metric and the label */
function checkLabelLimits(labels: LabelBuilder, limits: LabelLimits): void {
  const { label_limit, label_name_length_limit, label_value_length_limit } = limits;
  const metric = (): string => `metric: ${start(labels.get(METRIC_NAME) ?? '')}`;
  if (label_limit > 0 && labels.size > label_limit) {
    throw new Error(
      `label_limit exceeded (${metric()}, number of labels: ${labels.size}, limit: ${label_limit})`,
    );
  }
  if (label_name_length_limit === 0 && label_value_length_limit === 0) return;
  for (const [name, value] of labels) {
    const nameBytes = Buffer.byteLength(name);
    if (label_name_length_limit > 0 && nameBytes > label_name_length_limit) {
      throw new Error(
        `label_name_length_limit exceeded (${metric()}, label name: ${start(name)}, length: ${nameBytes}, limit: ${label_name_length_limit})`,
      );
    }
    const valueBytes = Buffer.byteLength(value);
    if (label_value_length_limit > 0 && valueBytes > label_value_length_limit) {
      throw new Error(
        `label_value_length_limit exceeded (${metric()}, label name: ${start(name)}, value: ${JSON.stringify(start(value))}, length: ${valueBytes}, limit: ${label_value_length_limit})`,
      );
    }
  }
}

const start = (text: string): string => text.slice(0, 50);

function describe(written: readonly string[]): string {
  const pairs: string[] = [];
  for (let i = 0; i < written.length; i += 2) pairs.push(`${written[i]}=${JSON.stringify(written[i + 1])}`);
  return shorten(`{${pairs.join(', ')}}`);
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
