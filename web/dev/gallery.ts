/** A dashboard with each kind of panel, as Grafana would export it. */
const query = (expr: string, more: object = {}): object => ({ expr, refId: 'A', ...more });
const at = (x: number, y: number, w: number, h: number): object => ({ gridPos: { x, y, w, h } });
const steps = {
  mode: 'absolute',
  steps: [
    { color: 'green', value: null },
    { color: 'orange', value: 50 },
    { color: 'red', value: 100 },
  ],
};
const states = [
  {
    type: 'value',
    options: {
      0: { text: 'down', color: 'red' },
      1: { text: 'degraded', color: 'yellow' },
      2: { text: 'up', color: 'green' },
    },
  },
];

export const GALLERY = {
  uid: 'gallery',
  title: 'Every kind of panel',
  templating: {
    list: [
      {
        name: 'host',
        type: 'custom',
        query: 'alpha,beta,gamma',
        multi: true,
        includeAll: true,
        current: { value: ['alpha', 'beta'] },
      },
    ],
  },
  annotations: {
    list: [
      {
        name: 'Deploys',
        expr: 'ALERTS{alertname="HighErrorRate"}',
        titleFormat: '{{alertname}}',
        iconColor: 'purple',
      },
    ],
  },
  panels: [
    {
      type: 'timeseries',
      title: 'Areas that fade, limits, legend on the right',
      ...at(0, 0, 12, 8),
      targets: [query('rate(things[5m])', { legendFormat: '{{device}}' })],
      options: { legend: { displayMode: 'table', placement: 'right', calcs: ['mean', 'max'] } },
      fieldConfig: {
        defaults: {
          thresholds: steps,
          custom: { fillOpacity: 30, gradientMode: 'opacity', thresholdsStyle: { mode: 'line+area' } },
        },
        overrides: [
          { matcher: { id: 'byName', options: 'b' }, properties: [{ id: 'custom.fillBelowTo', value: 'a' }] },
        ],
      },
    },
    {
      type: 'heatmap',
      title: 'Latency',
      ...at(12, 0, 12, 8),
      targets: [query('sum by (le) (rate(x_bucket[5m]))', { format: 'heatmap' })],
      options: { yAxis: { unit: 's' }, color: { scheme: 'Spectral' } },
    },
    {
      type: 'state-timeline',
      title: 'States',
      ...at(0, 8, 12, 6),
      targets: [query('service_state', { legendFormat: '{{instance}}' })],
      fieldConfig: { defaults: { mappings: states } },
    },
    {
      type: 'status-history',
      title: 'History of states',
      ...at(12, 8, 12, 6),
      targets: [query('service_state', { legendFormat: '{{instance}}' })],
      fieldConfig: { defaults: { mappings: states } },
    },
    {
      type: 'piechart',
      title: 'Shares',
      ...at(0, 14, 6, 8),
      targets: [query('things', { instant: true, legendFormat: '{{device}}' })],
      options: {
        pieType: 'donut',
        displayLabels: ['percent'],
        legend: { placement: 'right', values: ['value', 'percent'] },
      },
    },
    {
      type: 'barchart',
      title: 'Bars',
      ...at(6, 14, 6, 8),
      targets: [query('things', { instant: true, legendFormat: '{{device}}' })],
    },
    { type: 'histogram', title: 'Histogram', ...at(12, 14, 6, 8), targets: [query('things')] },
    {
      type: 'bargauge',
      title: 'Bar gauge',
      ...at(18, 14, 6, 8),
      targets: [query('things', { legendFormat: '{{device}}' })],
      fieldConfig: { defaults: { thresholds: steps } },
    },
    {
      type: 'table',
      title: 'Table, joined and coloured',
      ...at(0, 22, 16, 8),
      targets: [
        query('things', { instant: true, format: 'table' }),
        query('increase(things[5m])', { refId: 'B', instant: true, format: 'table' }),
      ],
      transformations: [
        { id: 'merge', options: {} },
        {
          id: 'organize',
          options: {
            excludeByName: { Time: true, __name__: true },
            renameByName: { 'Value #A': 'Now', 'Value #B': 'Twice', instance: 'Host' },
          },
        },
        {
          id: 'calculateField',
          options: { mode: 'binary', alias: 'Sum', binary: { left: 'Now', operator: '+', right: 'Twice' } },
        },
        { id: 'sortBy', options: { sort: [{ field: 'Now', desc: true }] } },
      ],
      fieldConfig: {
        defaults: { thresholds: steps },
        overrides: [
          {
            matcher: { id: 'byName', options: 'Now' },
            properties: [
              { id: 'custom.cellOptions', value: { type: 'color-background' } },
              { id: 'unit', value: 'ms' },
            ],
          },
          {
            matcher: { id: 'byName', options: 'Twice' },
            properties: [{ id: 'custom.cellOptions', value: { type: 'gauge' } }],
          },
          {
            matcher: { id: 'byName', options: 'Host' },
            properties: [
              { id: 'links', value: [{ title: 'Host', url: '/d/other?var-host=$'.concat('{__value.raw}') }] },
            ],
          },
        ],
      },
    },
    { type: 'alertlist', title: 'Alerts', ...at(16, 22, 4, 8), options: {} },
    { type: 'dashlist', title: 'Dashboards', ...at(20, 22, 4, 8), options: { query: 'kind' } },
    { type: 'row', title: 'Host $host', repeat: 'host', collapsed: false, ...at(0, 30, 24, 1) },
    {
      type: 'stat',
      title: 'Load of $host',
      ...at(0, 31, 6, 4),
      targets: [query('load{host=~"$host"}', { instant: true })],
      fieldConfig: { defaults: { thresholds: steps } },
    },
    {
      type: 'timeseries',
      title: 'A week earlier',
      timeShift: '7d',
      ...at(6, 31, 18, 4),
      targets: [query('load{host=~"$host"}')],
    },
  ],
};
