import { METRIC_NAME } from '../model/labels.ts';
import type { Finding, Path } from './finding.ts';
import type { GlobalConfig } from './global.ts';
import type { RuleConfig, RuleGroupConfig, RuleGroupKeys, RuleKeys } from './rules.ts';
import type { Loose } from './validate.ts';
import type { YamlFile } from './yaml.ts';

/** What another language says about a text: where it is wrong (UTF-16 offset) and how. */
export interface TextFault {
  readonly message: string;
  readonly offset: number;
}

/** Checks a PromQL expression. Handed in, so that this package need not know PromQL. */
export type CheckExpr = (text: string) => TextFault | undefined;

/** Checks the groups of a rule file or of the config file, as upstream does. */
export function checkGroups(
  yaml: YamlFile,
  groups: Loose<readonly RuleGroupKeys[]> | undefined,
  checkExpr: CheckExpr | undefined,
): Finding[] {
  const errors: Finding[] = [];
  const names = new Set<string>();
  groups?.forEach((group, index) => {
    if (!group) return;
    const path = ['groups', index];
    if (group.name !== undefined) {
      if (names.has(group.name)) {
        const message = `expected each group once in a file, got ${JSON.stringify(group.name)} again`;
        errors.push(yaml.finding([...path, 'name'], message));
      }
      names.add(group.name);
    }
    errors.push(...checkLabels(yaml, group.labels, [...path, 'labels']));
    group.rules?.forEach((rule, at) => {
      if (rule) errors.push(...checkRule(yaml, rule, [...path, 'rules', at], checkExpr));
    });
  });
  return errors;
}

/** Groups with everything inherited filled in; positions are those of the file. */
export function completeGroups(
  yaml: YamlFile,
  file: string,
  groups: readonly RuleGroupKeys[],
  global: Pick<GlobalConfig, 'evaluation_interval' | 'rule_query_offset'>,
): RuleGroupConfig[] {
  return groups.map((group, index) => ({
    name: group.name,
    file,
    interval: group.interval || global.evaluation_interval,
    limit: group.limit,
    query_offset: group.query_offset ?? global.rule_query_offset,
    labels: group.labels,
    rules: group.rules.map((rule, at) =>
      completeRule(rule, group, yaml.positionOf(['groups', index, 'rules', at])),
    ),
    position: yaml.positionOf(['groups', index]),
  }));
}

function completeRule(rule: RuleKeys, group: RuleGroupKeys, position: RuleConfig['position']): RuleConfig {
  const { expr = '', alert = '', record = '' } = rule;
  const labels = { ...group.labels, ...rule.labels };
  if (record !== '') return { kind: 'record', record, expr, labels, position };
  return {
    kind: 'alert',
    alert,
    expr,
    for: rule.for,
    keep_firing_for: rule.keep_firing_for,
    labels,
    annotations: rule.annotations,
    position,
  };
}

function checkRule(
  yaml: YamlFile,
  rule: Loose<RuleKeys>,
  path: Path,
  checkExpr: CheckExpr | undefined,
): Finding[] {
  const errors: Finding[] = [];
  const add = (key: string | undefined, message: string): void => {
    errors.push(yaml.finding(key === undefined ? path : [...path, key], message));
  };
  const isMissing = (key: string): boolean => !yaml.has([...path, key]);
  if (rule.alert && rule.record) add('record', 'expected either alert or record, got both');
  if (!rule.alert && !rule.record && (isMissing('alert') || isMissing('record'))) {
    add(undefined, 'expected alert or record, got neither');
  }
  if (rule.expr === undefined || rule.expr.trim() === '') {
    if (rule.expr !== undefined || isMissing('expr'))
      add(rule.expr === undefined ? undefined : 'expr', 'expected expr, got nothing');
  } else {
    const fault = checkExpr?.(rule.expr);
    if (fault) {
      // Its own line and column are those within the expression.
      const message = fault.message.replace(/^\d+:\d+: /, '');
      errors.push(yaml.findingInside([...path, 'expr'], fault.offset, message));
    }
  }
  if (rule.record) {
    if (Object.keys(rule.annotations ?? {}).length > 0)
      add('annotations', 'expected no annotations in a recording rule');
    if (rule.for) add('for', 'expected no for in a recording rule');
    if (rule.keep_firing_for) add('keep_firing_for', 'expected no keep_firing_for in a recording rule');
    if (/[{}]/.test(rule.record)) {
      add(
        'record',
        `expected a metric name without braces, got ${JSON.stringify(rule.record)}; labels go under labels`,
      );
    }
  }
  errors.push(...checkLabels(yaml, rule.labels, [...path, 'labels']));
  return errors;
}

function checkLabels(yaml: YamlFile, labels: object | undefined, path: Path): Finding[] {
  if (!labels || !Object.hasOwn(labels, METRIC_NAME)) return [];
  return [yaml.finding([...path, METRIC_NAME], `expected a label other than ${METRIC_NAME}`)];
}
