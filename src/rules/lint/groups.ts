import type { RuleConfig } from '../../config/rules.ts';
import { formatDuration } from '../../model/duration.ts';
import { formatLabels, labelsFromObject } from '../../model/labels.ts';
import type { Expr } from '../../promql/ast.ts';
import { formatExpr } from '../../promql/print.ts';
import type { ParsedRule, RuleRemark } from './finding.ts';

const RUNBOOK = /^(runbook|runbook_url|runbookURL)$/;

/** Every rule that is checked, and what is done throughout. */
export interface RuleSet {
  readonly rules: readonly ParsedRule[];
  /** The first rule of each identity. */
  readonly firstOf: ReadonlyMap<string, ParsedRule>;
  readonly usesSeverity: boolean;
  readonly usesRunbooks: boolean;
}

export function ruleSet(rules: readonly ParsedRule[]): RuleSet {
  const firstOf = new Map<string, ParsedRule>();
  for (const rule of rules) if (!firstOf.has(rule.identity)) firstOf.set(rule.identity, rule);
  const alerts = rules.map(({ config }) => config).filter((config) => config.kind === 'alert');
  return {
    rules,
    firstOf,
    usesSeverity: alerts.some(({ labels }) => 'severity' in labels),
    usesRunbooks: alerts.some(({ annotations }) =>
      Object.keys(annotations).some((name) => RUNBOOK.test(name)),
    ),
  };
}

/** Names a rule by all that it does. */
export const identityOf = ({ kind, labels }: RuleConfig, name: string, expr: Expr): string =>
  `${kind} ${name}${formatLabels(labelsFromObject(labels))} ${formatExpr(expr)}`;

/** What is wrong with rules beside their expressions and texts. @param all every rule that is checked */
export function groupRemarks(rule: ParsedRule, all: RuleSet): RuleRemark[] {
  const { config, group } = rule;
  const remarks = duplicateRemarks(rule, all);
  if (config.kind !== 'alert') return remarks;
  if (config.for > 0 && config.for < group.interval) {
    remarks.push([
      'for-below-interval',
      `for: ${formatDuration(config.for)} is shorter than the interval of ${formatDuration(group.interval)}: it means one more evaluation`,
    ]);
  }
  if (all.usesSeverity && !config.labels.severity)
    remarks.push(['no-severity', 'has no severity label, which other alerts have']);
  const names = Object.keys(config.annotations);
  if (!names.some((name) => /^(summary|description|message|title)$/i.test(name)))
    remarks.push(['no-summary', 'has no summary and no description: whoever is told learns its name only']);
  const bare = all.usesRunbooks ? group.rules.filter(lacksRunbook) : [];
  if (bare[0] === config) {
    const others = bare.length - 1;
    const also =
      others === 0 ? '' : `; nor ${others === 1 ? 'has one other' : `have ${others} others`} of its group`;
    remarks.push(['no-runbook', `has no runbook, and other alerts have one${also}`]);
  }
  return remarks;
}

const lacksRunbook = (config: RuleConfig): boolean =>
  config.kind === 'alert' && !Object.keys(config.annotations).some((name) => RUNBOOK.test(name));

function duplicateRemarks(rule: ParsedRule, all: RuleSet): RuleRemark[] {
  const first = all.firstOf.get(rule.identity);
  if (first === rule || first === undefined) return [];
  const { group, config } = first;
  const where = group.file === rule.group.file ? `line ${config.position.line}` : `group ${group.name}`;
  return [['duplicate-rule', `is the same as the rule at ${where}`]];
}
