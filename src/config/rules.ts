import * as z from 'zod';
import { count, duration, labelName, template, verbatim } from './leaves.ts';

/** Where something stands in its file; both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface AlertingRuleConfig {
  readonly kind: 'alert';
  readonly alert: string;
  readonly expr: string;
  /** Milliseconds. */
  readonly for: number;
  /** Milliseconds. */
  readonly keep_firing_for: number;
  /** Templates; the labels of the group are among them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Templates. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly position: Position;
}

export interface RecordingRuleConfig {
  readonly kind: 'record';
  readonly record: string;
  readonly expr: string;
  /** As written, the labels of the group among them; not templates. */
  readonly labels: Readonly<Record<string, string>>;
  readonly position: Position;
}

export type RuleConfig = AlertingRuleConfig | RecordingRuleConfig;

export interface RuleGroupConfig {
  readonly name: string;
  /** Absolute path of the file it stands in; a rule file or the config file itself. */
  readonly file: string;
  /** Milliseconds. */
  readonly interval: number;
  /** Most alerts or series a rule may give; 0 is no limit. */
  readonly limit: number;
  /** Milliseconds. */
  readonly query_offset: number;
  /** Labels of the group itself; its rules hold them already. */
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: readonly RuleConfig[];
  readonly position: Position;
}

const ruleKeys = z.lazy(() =>
  z.strictObject({
    alert: verbatim().optional().describe('Name of the alert.'),
    record: verbatim().optional().describe('Name of the recorded series. Either this or `alert`.'),
    expr: verbatim()
      .meta({ verbatim: true, type: 'PromQL' })
      .optional()
      .describe('PromQL expression. Required.'),
    for: duration().prefault('0s').describe('How long the expression must hold before the alert fires.'),
    keep_firing_for: duration()
      .prefault('0s')
      .describe('How long the alert goes on firing after the expression ceased to hold.'),
    labels: z.record(labelName(), template()).default({}).describe('Labels added; templates in alerts.'),
    annotations: z
      .record(labelName(), template())
      .default({})
      .describe('Annotations of the alert; templates.'),
  }),
);
export type RuleKeys = z.output<typeof ruleKeys>;

export const ruleGroupKeys = z.lazy(() =>
  z.strictObject({
    name: verbatim().min(1, { error: 'expected a name, got nothing' }).describe('Name, once per file.'),
    interval: duration()
      .optional()
      .describe('Time between evaluations; `global.evaluation_interval` unless given.'),
    query_offset: duration()
      .optional()
      .describe('Evaluates this far in the past; `global.rule_query_offset` unless given.'),
    limit: count().default(0).describe('Most alerts or series per rule; 0 is no limit.'),
    labels: z
      .record(labelName(), template())
      .default({})
      .describe("Labels for all rules of the group; a rule's own win."),
    rules: z.array(ruleKeys).default([]).describe('Evaluated one after the other.'),
  }),
);
export type RuleGroupKeys = z.output<typeof ruleGroupKeys>;

/** A rule file. */
export const ruleFile = z.lazy(() =>
  z.strictObject({
    groups: z.array(ruleGroupKeys).default([]).describe('Groups of rules.'),
  }),
);
