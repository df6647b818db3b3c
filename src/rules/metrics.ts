import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface RuleMetrics {
  readonly evaluations: Counter<'rule_group'>;
  readonly failures: Counter<'rule_group'>;
  readonly duration: Histogram;
  readonly iterations: Counter<'rule_group'>;
  readonly missed: Counter<'rule_group'>;
  readonly interval: Gauge<'rule_group'>;
  readonly lastDuration: Gauge<'rule_group'>;
  readonly lastEvaluation: Gauge<'rule_group'>;
  readonly lateness: Histogram;
  readonly rules: Gauge<'rule_group'>;
  readonly samples: Gauge<'rule_group'>;
  readonly templateFailures: Counter;
  readonly stateFailures: Counter;
  readonly sent: Counter;
  readonly sendFailures: Counter;
  /** Removes what was counted of a group that is gone. */
  forget(group: string): void;
}

/** Registers the metrics of rules; names follow upstream's with `belfry_` in front. */
export function createRuleMetrics(registry: Registry): RuleMetrics {
  const registers = [registry];
  const labelNames = ['rule_group'] as const;
  const buckets = [0.001, 0.01, 0.1, 1, 10];
  const counter = (name: string, help: string) =>
    new Counter({ name: `belfry_rule_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `belfry_rule_${name}`, help, labelNames, registers });
  const byGroup = {
    evaluations: counter('evaluations_total', 'Rule evaluations.'),
    failures: counter('evaluation_failures_total', 'Rule evaluations that failed.'),
    iterations: counter('group_iterations_total', 'Evaluations of a group that were due, run or missed.'),
    missed: counter(
      'group_iterations_missed_total',
      'Evaluations of a group missed because the one before took too long.',
    ),
    interval: gauge('group_interval_seconds', 'Time between evaluations of a group.'),
    lastDuration: gauge('group_last_duration_seconds', 'How long the last evaluation of a group took.'),
    lastEvaluation: gauge(
      'group_last_evaluation_timestamp_seconds',
      'When a group was evaluated last, Unix seconds.',
    ),
    rules: gauge('group_rules', 'Rules in a group.'),
    samples: gauge('group_last_evaluation_samples', 'Samples that the last evaluation of a group gave.'),
  };
  return {
    ...byGroup,
    duration: new Histogram({
      name: 'belfry_rule_evaluation_duration_seconds',
      help: 'How long evaluations of rules took.',
      buckets,
      registers,
    }),
    lateness: new Histogram({
      name: 'belfry_rule_group_lateness_seconds',
      help: 'How long after their time evaluations of groups began.',
      buckets,
      registers,
    }),
    templateFailures: new Counter({
      name: 'belfry_rule_template_failures_total',
      help: 'Labels and annotations of alerts whose template failed.',
      registers,
    }),
    stateFailures: new Counter({
      name: 'belfry_rule_state_write_failures_total',
      help: 'Times that the state of alerts could not be written.',
      registers,
    }),
    sent: new Counter({
      name: 'belfry_rule_alerts_sent_total',
      help: 'Alerts handed to the notifiers.',
      registers,
    }),
    sendFailures: new Counter({
      name: 'belfry_rule_alerts_send_failures_total',
      help: 'Alerts that could not be handed to the notifiers.',
      registers,
    }),
    forget(group) {
      for (const metric of Object.values(byGroup)) metric.remove({ rule_group: group });
    },
  };
}
