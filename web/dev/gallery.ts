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

const line = (title: string, custom: object, more: object = {}): object => ({
  type: 'timeseries',
  title,
  targets: [query('things', { legendFormat: '{{device}}' })],
  fieldConfig: { defaults: { custom, thresholds: steps, ...more }, overrides: [] },
});
const value = (type: string, title: string, options: object, more: object = {}): object => ({
  type,
  title,
  targets: [query('things', { legendFormat: '{{device}}' })],
  options,
  fieldConfig: { defaults: { thresholds: steps, ...more }, overrides: [] },
});

/** What a panel's options change, one after the other. */
export const OPTIONS = {
  uid: 'options',
  title: 'Every option',
  graphTooltip: 2,
  links: [
    { type: 'dashboards', title: 'All', tags: [], asDropdown: true, keepTime: true },
    { type: 'link', title: 'Wiki', url: 'https://example.com/', targetBlank: true },
  ],
  panels: [
    line('Steps before', { lineInterpolation: 'stepBefore', lineWidth: 3 }),
    line('Dashes and dots', {
      lineStyle: { fill: 'dash', dash: [4, 8] },
      showPoints: 'always',
      pointSize: 7,
    }),
    line('Bars before', { drawStyle: 'bars', barAlignment: -1, fillOpacity: 60 }),
    line('Stacked shares', { stacking: { mode: 'percent' }, fillOpacity: 40 }),
    line('Logarithm', { scaleDistribution: { type: 'log', log: 10 }, axisLabel: 'things' }),
    line(
      'By value',
      { gradientMode: 'scheme', fillOpacity: 30 },
      { color: { mode: 'continuous-GrYlRd' }, min: 0, max: 100 },
    ),
    line('Limits as areas', { thresholdsStyle: { mode: 'dashed+area' } }),
    line('Around zero, on the right', { axisCenteredZero: true, axisPlacement: 'right' }, { unit: 'bytes' }),
    line('Holes of a minute are bridged', { spanNulls: 60_000 }),
    {
      type: 'timeseries',
      title: 'Three units',
      targets: [query('things', { legendFormat: '{{device}}' })],
      fieldConfig: {
        defaults: { unit: 'short' },
        overrides: [
          { matcher: { id: 'byName', options: 'b' }, properties: [{ id: 'unit', value: 's' }] },
          { matcher: { id: 'byName', options: 'c' }, properties: [{ id: 'unit', value: 'percent' }] },
        ],
      },
    },
    {
      type: 'graph',
      title: 'Of old: second axis, turned over, hidden zeros',
      targets: [query('things', { legendFormat: '{{device}}' })],
      nullPointMode: 'null as zero',
      steppedLine: true,
      yaxes: [{ format: 'bytes' }, { format: 's', label: 'right' }],
      aliasColors: { c: '#ff0000' },
      seriesOverrides: [
        { alias: 'a', yaxis: 2 },
        { alias: '/^b/', transform: 'negative-Y', dashes: true },
      ],
      legend: {
        show: true,
        alignAsTable: true,
        values: true,
        max: true,
        sort: 'max',
        sortDesc: true,
        hideZero: true,
      },
      tooltip: { shared: false },
    },
    value('stat', 'Values on a ground', {
      colorMode: 'background',
      graphMode: 'none',
      textMode: 'value_and_name',
    }),
    value('stat', 'Fixed sizes', {
      text: { valueSize: 33, titleSize: 9 },
      justifyMode: 'center',
      textMode: 'value_and_name',
    }),
    value('gauge', 'Limits beside the dial', { showThresholdLabels: true }, { max: 200 }),
    value('gauge', 'No ring of limits', { showThresholdMarkers: false }),
    value('bargauge', 'LCD, upright', { displayMode: 'lcd', orientation: 'vertical', showUnfilled: false }),
    {
      type: 'singlestat',
      title: 'Of old: coloured ground',
      format: 'percent',
      valueName: 'max',
      thresholds: '10,50',
      colors: ['#299c46', '#e0b400', '#d44a3a'],
      colorBackground: true,
      prefix: '~',
      postfix: '!',
      sparkline: { show: true },
      targets: [query('things')],
    },
    value('table', 'Without a head, with a foot', {
      showHeader: false,
      footer: { show: true, reducer: ['max'] },
    }),
    value('piechart', 'A pie with names', {
      pieType: 'pie',
      displayLabels: ['name'],
      legend: { showLegend: false },
    }),
    value('barchart', 'Lying bars', { orientation: 'horizontal' }),
    value('histogram', 'Wide buckets', { bucketSize: 20 }),
  ].map((panel, i) => ({ id: i + 1, ...at((i % 3) * 8, Math.floor(i / 3) * 6, 8, 6), ...panel })),
};

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
