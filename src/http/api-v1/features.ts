import { functions } from '../../promql/functions/all.ts';

type FeatureSet = Readonly<Record<string, boolean>>;

const OPERATORS = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  'atan2',
  '==',
  '!=',
  '<',
  '>',
  '<=',
  '>=',
  '</',
  '>/',
  'and',
  'or',
  'unless',
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
] as const;

/**
 * What `/features` of /api/v1 says, in upstream's categories.
 * @param enabled names given to --enable-feature
 */
export function featureList(enabled: ReadonlySet<string>): Readonly<Record<string, FeatureSet>> {
  return {
    api: {
      admin: true,
      exclude_alerts: true,
      label_values_match: true,
      lifecycle: true,
      openapi_3: true,
      otlp_write_receiver: false,
      query_stats: true,
      query_warnings: true,
      remote_read: true,
      remote_write_receiver: true,
      rule_group_pagination: true,
      search: true,
      search_fuzz_alg_jarowinkler: true,
      search_fuzz_alg_subsequence: true,
      self_metrics: true,
      streaming_remote_read: true,
      time_range_labels: true,
      time_range_series: true,
    },
    prometheus: {
      agent_mode: false,
      auto_reload_config: false,
      stringlabels: false,
    },
    promql: {
      anchored: true,
      at_modifier: true,
      bool: true,
      by: true,
      delayed_name_removal: enabled.has('promql-delayed-name-removal'),
      duration_expr: true,
      fill: true,
      fill_left: true,
      fill_right: true,
      group_left: true,
      group_right: true,
      ignoring: true,
      negative_offset: true,
      offset: true,
      on: true,
      per_query_lookback_delta: true,
      per_step_stats: true,
      smoothed: true,
      subqueries: true,
      type_and_unit_labels: enabled.has('type-and-unit-labels'),
      use_start_timestamps: enabled.has('use-start-timestamps'),
      utf8: true,
      without: true,
    },
    promql_functions: allOf(Object.keys(functions).sort()),
    promql_operators: allOf(OPERATORS),
    rules: { keep_firing_for: true, query_offset: true },
    tsdb: { delayed_compaction: false, exemplar_storage: true, out_of_order: true },
  };
}

const allOf = (names: readonly string[]): FeatureSet => Object.fromEntries(names.map((name) => [name, true]));
