import type { Position, RuleConfig, RuleGroupConfig } from '../../config/rules.ts';
import type { Expr } from '../../promql/ast.ts';

/** What a check has to say; each has a name, so that lists of what is expected can be kept. */
export const LINT_CHECKS = [
  'alert-always-fires',
  'alert-never-fires',
  'delta-of-counter',
  'duplicate-rule',
  'for-below-interval',
  'forecast-of-constant',
  'group-by-unknown-label',
  'group-interval-below-evaluation',
  'inhibit-never-matches',
  'label-unknown',
  'metric-unknown',
  'no-runbook',
  'no-severity',
  'no-summary',
  'not-a-vector',
  'paged-twice',
  'quantile-without-le',
  'rate-of-gauge',
  'rate-of-sum',
  'receiver-label-missing',
  'repeat-below-group-interval',
  'scans-everything',
  'secret-in-clear',
  'sides-never-match',
  'template-label-missing',
  'text-factor',
  'text-percent',
  'text-rate',
  'text-unit',
  'topk-in-alert',
  'unknown-cadvisor-metric',
  'unrouted-label',
  'window-below-scrapes',
] as const;
export type LintCheck = (typeof LINT_CHECKS)[number];

export interface LintFinding {
  readonly check: LintCheck;
  readonly message: string;
  /** Where it stands: a rule in its file, or a path in the config. */
  readonly at:
    | { readonly kind: 'rule'; readonly file: string; readonly position: Position; readonly rule: string }
    | { readonly kind: 'config'; readonly path: readonly (string | number)[] };
}

/** A rule with its parsed expression. */
export interface ParsedRule {
  readonly group: RuleGroupConfig;
  readonly config: RuleConfig;
  readonly name: string;
  readonly expr: Expr;
  /** All that it does, as text: rules alike share it. */
  readonly identity: string;
}

/** What a check of a rule gives: its name and the message. */
export type RuleRemark = readonly [check: LintCheck, message: string];
