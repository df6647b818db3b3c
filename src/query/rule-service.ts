import type { MessagePort } from 'node:worker_threads';
import type { RuleEvaluation, RuleEvaluationResult, RuleSample, RuleTemplates } from '../model/evaluation.ts';
import { type Labels, NO_LABELS } from '../model/labels.ts';
import { type Querier, type Queryable, type QueryBudget, withWholeView } from '../model/queryable.ts';
import { evaluateInstant, type QueryValue } from '../promql/evaluate.ts';
import { createBudget } from './budget.ts';
import { keptExpressions } from './kept-expressions.ts';
import {
  type EngineSettings,
  newControl,
  type QueryLimits,
  type RuleAnswer,
  type RuleRequest,
} from './protocol.ts';
import { ruleColumns } from './rule-columns.ts';

/** One element of an instant result. Templates know of its value only. */
export type InstantSample = Pick<RuleSample, 'labels' | 'value' | 'histogram'>;

/** Expands a rule's templates for the elements of its result; `query` evaluates on the same snapshot. Handed in, so that this package knows no templates. */
export type ExpandTemplates = (
  templates: RuleTemplates,
  query: (expr: string) => readonly InstantSample[],
) => (labels: Labels, value: number) => Pick<RuleSample, 'expandedLabels' | 'expandedAnnotations'>;

export interface RuleServiceOptions {
  readonly queryable: Queryable;
  readonly settings: EngineSettings;
  readonly limits: QueryLimits;
  readonly expand: ExpandTemplates;
  readonly monotonic: () => number;
}

/** Of the expressions that stay parsed: more than any site's rules have. */
const PARSED_CHARACTERS = 4_000_000;

/** Serves the rules lane on a port. */
export function serveRules(port: MessagePort, options: RuleServiceOptions): void {
  const evaluate = ruleEvaluation(options);
  port.on('message', ({ id, evaluation }: RuleRequest) => {
    let answer: RuleAnswer;
    try {
      answer = { id, result: ruleColumns(evaluate(evaluation)) };
    } catch (error) {
      answer = { id, error: error instanceof Error ? error.message : String(error) };
    }
    port.postMessage(answer);
  });
}

/** Evaluates rules synchronously; expressions are parsed once. */
export function ruleEvaluation(
  options: RuleServiceOptions,
): (evaluation: RuleEvaluation) => RuleEvaluationResult {
  const { queryable, settings, limits, monotonic } = options;
  const readExpr = keptExpressions(PARSED_CHARACTERS);
  const neverCancelled = newControl();

  const evaluateIn = (
    querier: Querier,
    budget: QueryBudget,
    { expr, timestamp, templates }: RuleEvaluation,
  ): RuleEvaluationResult => {
    const instant = (text: string, at: number) =>
      evaluateInstant(readExpr(text), at, querier, { ...settings, budget, query: text });
    const outcome = instant(expr, timestamp);
    const expand =
      templates && options.expand(templates, (text) => instantSamples(instant(text, templates.at).value));
    const samples = instantSamples(outcome.value).map((sample) =>
      expand ? { ...sample, ...expand(sample.labels, sample.value) } : sample,
    );
    return { samples, warnings: [...outcome.warnings, ...outcome.infos] };
  };

  // In a thread of their own rules are evaluated while the background worker deletes and moves samples.
  return (evaluation) =>
    withWholeView(() => {
      const limited = { ...limits, timeoutMs: evaluation.timeoutMs };
      const budget = createBudget(limited, neverCancelled, monotonic);
      // One querier for the expression and for what its templates ask: the same snapshot.
      const querier = queryable.querier(budget);
      try {
        return evaluateIn(querier, budget, evaluation);
      } finally {
        querier.close();
      }
    });
}

function instantSamples(value: QueryValue): readonly InstantSample[] {
  switch (value.kind) {
    case 'vector':
      return value.samples.map(({ labels, value: number, histogram }) =>
        histogram ? { labels, value: number, histogram } : { labels, value: number },
      );
    case 'scalar':
      return [{ labels: NO_LABELS, value: value.value }];
    default:
      throw new Error('rule result is not a vector or scalar');
  }
}
