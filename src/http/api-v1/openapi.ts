import { PROMETHEUS_LEVEL } from '../../version.ts';

interface Endpoint {
  readonly path: string;
  readonly methods: readonly ('get' | 'post' | 'put')[];
  readonly summary: string;
  /** Parameters; a `*` marks what must be given, `[]` what may be repeated. */
  readonly params?: string;
  /** What the answer is, where it is not upstream's JSON envelope. */
  readonly produces?: string;
}

const FORM = ['get', 'post'] as const;
const SEARCH =
  'match[] search[] fuzz_threshold fuzz_alg case_sensitive sort_by sort_dir include_score start end limit batch_size';

/** Every endpoint under /api/v1; a test compares it with the routes. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    path: '/query',
    methods: FORM,
    summary: 'Instant query.',
    params: 'query* time timeout limit lookback_delta stats explain',
  },
  {
    path: '/query_range',
    methods: FORM,
    summary: 'Range query.',
    params: 'query* start* end* step* timeout limit lookback_delta stats explain',
  },
  {
    path: '/query_exemplars',
    methods: FORM,
    summary: 'Exemplars of the series an expression reads.',
    params: 'query* start end',
  },
  { path: '/format_query', methods: FORM, summary: 'A query in normal form.', params: 'query*' },
  { path: '/parse_query', methods: FORM, summary: 'The syntax tree of a query.', params: 'query*' },
  { path: '/series', methods: FORM, summary: 'Label sets of series.', params: 'match[]* start end limit' },
  { path: '/labels', methods: FORM, summary: 'Label names.', params: 'match[] start end limit' },
  {
    path: '/label/{name}/values',
    methods: ['get'],
    summary: 'Values of a label.',
    params: 'match[] start end limit',
  },
  {
    path: '/search/metric_names',
    methods: FORM,
    summary: 'Metric names that fit what was typed, as lines of JSON.',
    params: `include_metadata ${SEARCH}`,
    produces: 'application/x-ndjson',
  },
  {
    path: '/search/label_names',
    methods: FORM,
    summary: 'Label names that fit, as lines of JSON.',
    params: SEARCH,
    produces: 'application/x-ndjson',
  },
  {
    path: '/search/label_values',
    methods: FORM,
    summary: 'Values of a label that fit, as lines of JSON.',
    params: `label* ${SEARCH}`,
    produces: 'application/x-ndjson',
  },
  {
    path: '/metadata',
    methods: ['get'],
    summary: 'Metadata by metric.',
    params: 'metric limit limit_per_metric',
  },
  { path: '/targets', methods: ['get'], summary: 'Targets.', params: 'state scrapePool' },
  {
    path: '/targets/metadata',
    methods: ['get'],
    summary: 'Metadata by target.',
    params: 'match_target metric limit',
  },
  { path: '/scrape_pools', methods: ['get'], summary: 'Names of the scrape pools.' },
  {
    path: '/scrape_pools/config',
    methods: ['get'],
    summary: 'The configuration of a scrape pool as YAML, secrets hidden.',
    params: 'scrapePool*',
  },
  {
    path: '/rules',
    methods: ['get'],
    summary: 'Rules by group.',
    params: 'type rule_name[] rule_group[] file[] match[] exclude_alerts group_limit group_next_token',
  },
  { path: '/alerts', methods: ['get'], summary: 'Pending and firing alerts.' },
  { path: '/alertmanagers', methods: ['get'], summary: 'Alertmanagers that alerts are sent to.' },
  { path: '/status/config', methods: ['get'], summary: 'The configuration, without secrets.' },
  { path: '/status/flags', methods: ['get'], summary: 'Command line flags.' },
  { path: '/status/buildinfo', methods: ['get'], summary: 'Version.' },
  { path: '/status/runtimeinfo', methods: ['get'], summary: 'State of the process.' },
  { path: '/status/tsdb', methods: ['get'], summary: 'Cardinality.', params: 'limit' },
  { path: '/status/tsdb/blocks', methods: ['get'], summary: 'Files of the store.' },
  { path: '/status/walreplay', methods: ['get'], summary: 'State of the log’s replay.' },
  { path: '/status/self_metrics', methods: ['get'], summary: 'Own metrics.', params: 'metric_name_pattern' },
  { path: '/features', methods: ['get'], summary: 'What this server can do.' },
  { path: '/notifications', methods: ['get'], summary: 'What needs attention.' },
  {
    path: '/notifications/live',
    methods: ['get'],
    summary: 'Answers 204: nothing is pushed.',
    produces: 'nothing',
  },
  { path: '/openapi.yaml', methods: ['get'], summary: 'This page.', produces: 'application/yaml' },
  { path: '/write', methods: ['post'], summary: 'Remote write 1.0 and 2.0.', produces: 'text/plain' },
  {
    path: '/read',
    methods: ['post'],
    summary: 'Remote read, samples or streamed chunks.',
    produces: 'application/x-protobuf',
  },
  { path: '/admin/flush', methods: ['post'], summary: 'Writes everything to disk.' },
  {
    path: '/admin/tsdb/snapshot',
    methods: ['post', 'put'],
    summary: 'Copies the data into a directory of its own.',
  },
  {
    path: '/admin/tsdb/delete_series',
    methods: ['post', 'put'],
    summary: 'Deletes samples for good and frees their room.',
  },
  {
    path: '/admin/tsdb/delete_series/preview',
    methods: ['get', 'post'],
    summary: 'Counts what that would delete.',
  },
  {
    path: '/admin/tsdb/clean_tombstones',
    methods: ['post', 'put'],
    summary: 'Does nothing: there are no tombstones.',
  },
];

/** The API as an OpenAPI 3.1 document. JSON strings are YAML strings, so no YAML writer is needed. */
export function openApiYaml(): string {
  const paths = ENDPOINTS.map(
    (endpoint) =>
      `  ${JSON.stringify(endpoint.path)}:\n${endpoint.methods.map((method) => operation(endpoint, method)).join('')}`,
  );
  return `openapi: 3.1.0
info:
  title: "Belfry: the HTTP API of Prometheus"
  version: ${JSON.stringify(PROMETHEUS_LEVEL)}
servers:
  - url: /api/v1
components:
  schemas:
    Answer:
      type: object
      required: [status]
      properties:
        status: {type: string, enum: [success, error]}
        data: {}
        errorType: {type: string}
        error: {type: string}
        warnings: {type: array, items: {type: string}}
        infos: {type: array, items: {type: string}}
  responses:
    Answer:
      description: The answer in its envelope; errors have the same shape.
      content:
        application/json:
          schema: {$ref: "#/components/schemas/Answer"}
paths:
${paths.join('')}`;
}

function operation({ path, summary, params = '', produces }: Endpoint, method: string): string {
  const names = params.split(' ').filter((name) => name !== '');
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name!,
    place: 'path',
    isRequired: true,
  }));
  const parameters = [
    ...inPath,
    ...names.map((name) => ({ name: name.replace('*', ''), place: 'query', isRequired: name.endsWith('*') })),
  ];
  const lines = [
    `    ${method}:`,
    `      operationId: ${JSON.stringify(`${method}${path.replace(/[^a-z]+/g, '-')}`)}`,
    `      summary: ${JSON.stringify(summary)}`,
  ];
  if (parameters.length > 0) {
    lines.push('      parameters:');
    for (const { name, place, isRequired } of parameters) {
      const schema = name.endsWith('[]') ? '{type: array, items: {type: string}}' : '{type: string}';
      lines.push(
        `        - {name: ${JSON.stringify(name)}, in: ${place}, required: ${isRequired}, schema: ${schema}}`,
      );
    }
  }
  lines.push('      responses:');
  lines.push(
    produces
      ? `        default: {description: ${JSON.stringify(produces)}}`
      : '        default: {$ref: "#/components/responses/Answer"}',
  );
  return `${lines.join('\n')}\n`;
}
