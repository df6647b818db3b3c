import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { formatFinding } from '../config/finding.ts';
import { duration, labelMap, verbatim } from '../config/leaves.ts';
import type { LoadOptions } from '../config/load.ts';
import type { RuleGroupConfig } from '../config/rules.ts';
import { validate } from '../config/validate.ts';
import { YamlFile } from '../config/yaml.ts';
import type { RuleTest } from '../rules/unit-test/unit-test.ts';
import { readRuleFiles } from './rule-files.ts';

/** A unit test file with its rules. */
export interface RuleTestFile {
  readonly tests: readonly RuleTest[];
  /** In the order in which they are evaluated. */
  readonly groups: readonly RuleGroupConfig[];
  readonly evaluationIntervalMs: number;
  readonly fuzzyCompare: boolean;
  readonly warnings: readonly string[];
}

const DEFAULT_INTERVAL_MS = 60_000;

const FLOAT = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;

/** A float as Go's YAML reads it: also `.inf` and `.nan`. */
const float = () =>
  verbatim().transform((text, context) => {
    const plain = text.replaceAll('_', '');
    if (FLOAT.test(plain) || /^0x[0-9a-fA-F]+$/.test(plain)) return Number(plain);
    const special = /^([-+]?)\.?(inf|nan)$/i.exec(plain);
    if (special)
      return special[2]!.toLowerCase() === 'nan'
        ? Number.NaN
        : special[1] === '-'
          ? Number.NEGATIVE_INFINITY
          : Number.POSITIVE_INFINITY;
    context.issues.push({
      code: 'custom',
      message: `expected a number, got ${JSON.stringify(text)}`,
      input: text,
    });
    return z.NEVER;
  });

/** Unix seconds or RFC 3339; gives Unix ms. */
const time = () =>
  verbatim().transform((text, context) => {
    const ms = FLOAT.test(text) ? Math.round(Number(text) * 1000) : Date.parse(text);
    if (Number.isFinite(ms)) return ms;
    const message = `expected Unix seconds or a time such as "2026-01-01T00:00:00Z", got ${JSON.stringify(text)}`;
    context.issues.push({ code: 'custom', message, input: text });
    return z.NEVER;
  });

const texts = () => z.record(verbatim(), verbatim()).default({});

const alertTest = z.strictObject({
  eval_time: duration().prefault('0s'),
  alertname: verbatim().default(''),
  exp_alerts: z.array(z.strictObject({ exp_labels: texts(), exp_annotations: texts() })).default([]),
});

const exprTest = z.strictObject({
  expr: verbatim().default(''),
  eval_time: duration().prefault('0s'),
  exp_samples: z
    .array(
      z.strictObject({
        labels: verbatim().default(''),
        value: float().prefault('0'),
        histogram: verbatim().default(''),
      }),
    )
    .default([]),
});

const testGroup = z.strictObject({
  name: verbatim().default(''),
  interval: duration().optional(),
  input_series: z
    .array(z.strictObject({ series: verbatim().default(''), values: verbatim().default('') }))
    .default([]),
  alert_rule_test: z.array(alertTest).default([]),
  promql_expr_test: z.array(exprTest).default([]),
  external_labels: labelMap().default({}),
  external_url: verbatim().default(''),
  start_timestamp: time().prefault('0'),
});

const testFile = z.strictObject({
  rule_files: z.array(verbatim()).default([]),
  evaluation_interval: duration().optional(),
  group_eval_order: z.array(verbatim()).default([]),
  tests: z.array(testGroup).default([]),
  fuzzy_compare: z.boolean().default(false),
});

/**
 * Reads a unit test file in promtool's format and the rule files it names.
 * @throws Error with all that is wrong, a line each
 */
export function readRuleTestFile(
  file: string,
  options: Pick<LoadOptions, 'cwd' | 'checkExpr' | 'checkTemplate'>,
): RuleTestFile {
  const absolute = path.resolve(options.cwd, file);
  const yaml = new YamlFile(file, readFileSync(absolute, 'utf8'));
  if (!yaml.isReadable || yaml.errors.length > 0) throw new Error(yaml.errors.map(formatFinding).join('\n'));
  const folder = path.dirname(absolute);
  const { value, errors } = validate(yaml, testFile, { env: {}, folder });
  if (!value) throw new Error(errors.map(formatFinding).join('\n'));
  const order = value.group_eval_order;
  const twice = order.find((name, i) => order.indexOf(name) < i);
  if (twice !== undefined) throw new Error(`group name repeated in evaluation order: ${twice}`);

  const evaluationIntervalMs = value.evaluation_interval || DEFAULT_INTERVAL_MS;
  const warnings: string[] = [];
  const ruleFiles = value.rule_files.flatMap((pattern) => {
    const wanted = path.resolve(folder, pattern);
    const matches = globSync(wanted).sort();
    if (matches.length === 0) warnings.push(`  WARNING: no file match pattern ${wanted}`);
    return matches;
  });
  const groups = readRuleFiles(ruleFiles, evaluationIntervalMs, options);
  const tests = value.tests.map(
    (test): RuleTest => ({
      name: test.name,
      intervalMs: test.interval || evaluationIntervalMs,
      inputSeries: test.input_series,
      alertTests: test.alert_rule_test.map((one) => ({
        evalTimeMs: one.eval_time,
        alertname: one.alertname,
        expected: one.exp_alerts.map(({ exp_labels: labels, exp_annotations: annotations }) => ({
          labels,
          annotations,
        })),
      })),
      exprTests: test.promql_expr_test.map((one) => ({
        expr: one.expr,
        evalTimeMs: one.eval_time,
        expected: one.exp_samples,
      })),
      externalLabels: test.external_labels,
      externalUrl: test.external_url,
      startMs: test.start_timestamp,
    }),
  );
  return {
    tests,
    groups: ordered(groups, order),
    evaluationIntervalMs,
    fuzzyCompare: value.fuzzy_compare,
    warnings,
  };
}

/** Groups that are named go by that order; the others count as first, as in promtool. */
function ordered(groups: readonly RuleGroupConfig[], order: readonly string[]): RuleGroupConfig[] {
  const rank = ({ name }: RuleGroupConfig): number => Math.max(0, order.indexOf(name));
  return [...groups].sort((a, b) => rank(a) - rank(b));
}
