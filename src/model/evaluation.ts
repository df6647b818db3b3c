import type { Histogram } from './histogram.ts';
import type { Labels } from './labels.ts';

/** An instant evaluation for a rule, in the rules lane. Plain data: it crosses threads. */
export interface RuleEvaluation {
  readonly expr: string;
  /** Unix ms. */
  readonly timestamp: number;
  /** Templates to expand for each element of the result, on the same snapshot; absent for recording rules. */
  readonly templates?: RuleTemplates;
  /** Ends the evaluation with an error after this long. */
  readonly timeoutMs: number;
}

export interface RuleTemplates {
  /** When the queries of the templates are evaluated, Unix ms: the time of the evaluation, which `query_offset` does not move. */
  readonly at: number;
  readonly alertname: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
}

export interface RuleSample {
  /** As PromQL gave them, metric name included. */
  readonly labels: Labels;
  readonly value: number;
  /** The sample is this native histogram; an alert knows only of its value. */
  readonly histogram?: Histogram;
  /** Expanded templates, unset for recording rules. A template that failed reads `<error expanding template: …>`. */
  readonly expandedLabels?: Readonly<Record<string, string>>;
  readonly expandedAnnotations?: Readonly<Record<string, string>>;
}

export interface RuleEvaluationResult {
  readonly samples: readonly RuleSample[];
  readonly warnings: readonly string[];
}

/** @throws Error with PromQL's text when the expression fails */
export interface RuleEvaluator {
  evaluate(evaluation: RuleEvaluation): Promise<RuleEvaluationResult>;
}
