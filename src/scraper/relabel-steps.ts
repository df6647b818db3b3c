import type { RelabelConfig } from '../config/relabel.ts';
import type { ScrapeConfig } from '../config/scrape.ts';
import { type Labels, labelsOf, labelsToObject, labelValue } from '../model/labels.ts';
import { compileRelabel, type LabelBuilder } from './relabel.ts';
import { resolveTarget } from './target.ts';

export interface LabelChange {
  readonly label: string;
  /** Empty for a label that was not there. */
  readonly from: string;
  /** Empty for a label that is gone. */
  readonly to: string;
}

/** What one step of `relabel_configs` does to a target's labels. */
export interface RelabelStep {
  readonly rule: RelabelConfig;
  /** The labels after the step; none from the step on that drops the target. */
  readonly output: Readonly<Record<string, string>>;
  readonly keep: boolean;
  /** Ours: what is different after the step. */
  readonly changes: readonly LabelChange[];
}

export interface RelabelExplanation {
  readonly steps: readonly RelabelStep[];
  /** Ours: what becomes of the target in the end. */
  readonly outcome:
    | { readonly scrapeUrl: string; readonly labels: Readonly<Record<string, string>> }
    | { readonly reason: string };
}

/** Step by step, what the relabelling of a job makes of a target with these discovered labels. */
export function explainRelabel(
  job: ScrapeConfig,
  discovered: Readonly<Record<string, string>>,
): RelabelExplanation {
  const builder: LabelBuilder = new Map(Object.entries(discovered).filter(([, value]) => value !== ''));
  let keep = true;
  const steps = job.relabel_configs.map((rule): RelabelStep => {
    if (!keep) return { rule, output: {}, keep, changes: [] };
    const before = labelsOf(builder);
    keep = compileRelabel([rule], job.metric_name_validation_scheme)(builder);
    if (!keep) return { rule, output: {}, keep, changes: [] };
    const after = labelsOf(builder);
    return { rule, output: labelsToObject(after), keep, changes: changesBetween(before, after) };
  });
  return { steps, outcome: outcomeOf(job, discovered) };
}

function outcomeOf(
  job: ScrapeConfig,
  discovered: Readonly<Record<string, string>>,
): RelabelExplanation['outcome'] {
  const relabel = compileRelabel(job.relabel_configs, job.metric_name_validation_scheme);
  const outcome = resolveTarget(job, discovered, relabel);
  if (outcome.kind === 'dropped') return { reason: outcome.dropped.reason };
  if (outcome.kind === 'invalid') return { reason: outcome.problem };
  return { scrapeUrl: outcome.target.url, labels: labelsToObject(outcome.target.labels) };
}

function changesBetween(before: Labels, after: Labels): LabelChange[] {
  const names = new Set([...before, ...after].filter((_, index) => index % 2 === 0));
  return [...names]
    .map((label) => ({ label, from: labelValue(before, label), to: labelValue(after, label) }))
    .filter(({ from, to }) => from !== to);
}
