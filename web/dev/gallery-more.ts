/** What the gallery and its options leave out: each thing an author can set, on a panel of its own. */
const query = (expr: string, more: object = {}): object => ({
  expr,
  refId: 'A',
  legendFormat: '{{device}}',
  ...more,
});
const steps = {
  mode: 'absolute',
  steps: [
    { color: 'green', value: null },
    { color: 'orange', value: 50 },
    { color: 'red', value: 100 },
  ],
};
const byName = (name: string, properties: Readonly<Record<string, unknown>>): object => ({
  matcher: { id: 'byName', options: name },
  properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
});

interface More {
  readonly custom?: object;
  readonly defaults?: object;
  readonly overrides?: readonly object[];
  readonly options?: object;
  readonly targets?: readonly object[];
  readonly panel?: object;
}
const panel = (type: string, title: string, more: More = {}): object => ({
  type,
  title,
  targets: more.targets ?? [query('things')],
  options: more.options ?? {},
  fieldConfig: {
    defaults: { thresholds: steps, custom: more.custom ?? {}, ...more.defaults },
    overrides: more.overrides ?? [],
  },
  ...more.panel,
});
const table = (title: string, more: More = {}): object =>
  panel('table', title, { targets: [query('things', { format: 'table', instant: true })], ...more });
const now = [query('things', { instant: true })];

export const MORE_OPTIONS = {
  uid: 'more-options',
  title: 'Every other option',
  panels: [
    panel('timeseries', 'Smooth, areas by hue', {
      custom: { lineInterpolation: 'smooth', fillOpacity: 40, gradientMode: 'hue', showPoints: 'never' },
    }),
    panel('timeseries', 'Points of ten', { custom: { drawStyle: 'points', pointSize: 10 } }),
    panel('timeseries', 'Bars after, steps after', {
      custom: { drawStyle: 'bars', barAlignment: 1 },
      overrides: [byName('b', { 'custom.drawStyle': 'line', 'custom.lineInterpolation': 'stepAfter' })],
    }),
    panel('timeseries', 'Stacked, one beside', {
      custom: { stacking: { mode: 'normal', group: 'A' }, fillOpacity: 20 },
      overrides: [byName('c', { 'custom.stacking': { mode: 'none' } })],
    }),
    panel('timeseries', 'Soft ends, two decimals', {
      custom: { axisSoftMin: -50, axisSoftMax: 500, axisLabel: 'softly' },
      defaults: { decimals: 2, unit: 'ms' },
    }),
    panel('timeseries', 'Hard ends, colours of the axis', {
      custom: { axisColorMode: 'series' },
      defaults: { min: 0, max: 60, color: { mode: 'fixed', fixedColor: 'purple' } },
    }),
    panel('timeseries', 'No axis, connected, dots', {
      custom: { axisPlacement: 'hidden', spanNulls: true, lineStyle: { fill: 'dot' } },
    }),
    panel('timeseries', 'By name', {
      defaults: { color: { mode: 'palette-classic' } },
      overrides: [
        byName('a', {
          displayName: 'First',
          color: { mode: 'fixed', fixedColor: '#00ff00' },
          'custom.lineWidth': 5,
        }),
        byName('b', { 'custom.hideFrom': { viz: true, legend: true, tooltip: true } }),
        byName('c', { 'custom.hideFrom': { viz: false, legend: true, tooltip: true } }),
        byName('d', {
          'custom.transform': 'negative-Y',
          'custom.axisPlacement': 'right',
          unit: 's',
          decimals: 1,
        }),
      ],
    }),
    panel('timeseries', 'By pattern, by query, by value', {
      targets: [query('things'), query('others', { refId: 'B', legendFormat: 'other {{device}}' })],
      overrides: [
        {
          matcher: { id: 'byRegexp', options: '/^a$/' },
          properties: [{ id: 'custom.fillOpacity', value: 50 }],
        },
        { matcher: { id: 'byFrameRefID', options: 'B' }, properties: [{ id: 'custom.lineWidth', value: 4 }] },
      ],
    }),
    panel('timeseries', 'Threshold line, in percent', {
      custom: { thresholdsStyle: { mode: 'line' } },
      defaults: { min: 0, max: 200, thresholds: { mode: 'percentage', steps: steps.steps } },
    }),
    panel('timeseries', 'A table of numbers, the largest first', {
      options: {
        legend: {
          displayMode: 'table',
          placement: 'bottom',
          calcs: ['min', 'mean', 'lastNotNull'],
          sortBy: 'Mean',
          sortDesc: true,
        },
        tooltip: { mode: 'none' },
      },
    }),
    panel('timeseries', 'Without a legend', {
      options: { legend: { showLegend: false }, tooltip: { mode: 'multi', sort: 'asc', hideZeros: true } },
    }),
    panel('timeseries', 'Nothing to see', {
      targets: [query('nothing')],
      defaults: { noValue: 'all quiet' },
    }),
    {
      type: 'graph',
      title: 'Of old: stacked to the full, points',
      targets: [query('things')],
      stack: true,
      percentage: true,
      points: true,
      pointradius: 4,
      fill: 5,
      fillGradient: 3,
      linewidth: 3,
      dashes: true,
      dashLength: 6,
      spaceLength: 3,
      thresholds: [{ value: 20, op: 'gt', fill: true, line: true, colorMode: 'critical' }],
      legend: { show: true, rightSide: true, sideWidth: 180, avg: true, values: true, alignAsTable: true },
    },
    {
      type: 'graph',
      title: 'Of old: bars without lines, logarithm',
      targets: [query('things')],
      bars: true,
      lines: false,
      nullPointMode: 'connected',
      yaxes: [{ format: 'short', logBase: 2, min: '1', max: '1024', label: 'two' }, { show: false }],
      legend: { show: false },
      tooltip: { shared: true, sort: 2 },
    },
    panel('stat', 'Every row, at most three', {
      targets: [query('things', { format: 'table', instant: true })],
      options: { reduceOptions: { values: true, limit: 3, calcs: [] }, graphMode: 'none' },
    }),
    panel('stat', 'The mean, below each other, plain', {
      options: {
        reduceOptions: { calcs: ['mean'] },
        orientation: 'horizontal',
        colorMode: 'none',
        textMode: 'value',
      },
      defaults: { unit: 'percent', decimals: 0 },
    }),
    panel('stat', 'Words for values', {
      targets: [query('up', { instant: true, legendFormat: '{{job}}' })],
      options: { graphMode: 'none', textMode: 'value_and_name', orientation: 'vertical' },
      defaults: {
        mappings: [
          { type: 'value', options: { 0: { text: 'down', color: 'red' } } },
          { type: 'range', options: { from: 1, to: 2, result: { text: 'fine', color: 'blue' } } },
        ],
      },
    }),
    panel('stat', 'Names only', { options: { textMode: 'name' } }),
    panel('stat', 'No value', {
      targets: [query('nothing', { instant: true })],
      defaults: {
        mappings: [
          { type: 'special', options: { match: 'null', result: { text: 'not yet', color: 'purple' } } },
        ],
      },
    }),
    {
      type: 'singlestat',
      title: 'Of old: a gauge',
      format: 'percent',
      gauge: { show: true, minValue: 0, maxValue: 200, thresholdMarkers: true, thresholdLabels: true },
      thresholds: '50,100',
      colors: ['#299c46', '#e0b400', '#d44a3a'],
      targets: [query('sum(things)')],
    },
    panel('gauge', 'From 20 to 40', { defaults: { min: 20, max: 40, unit: 'celsius' } }),
    panel('bargauge', 'Gradient, lying, own colours', {
      options: { displayMode: 'gradient', orientation: 'horizontal' },
      defaults: { color: { mode: 'continuous-GrYlRd' }, max: 200 },
    }),
    panel('bargauge', 'Plain, upright', {
      options: { displayMode: 'basic', orientation: 'vertical', valueMode: 'text' },
    }),
    table('Columns', {
      custom: { align: 'center', width: 90 },
      options: {
        sortBy: [{ displayName: 'Number', desc: true }],
        footer: { show: true, reducer: ['sum', 'mean'] },
      },
      overrides: [
        byName('Value', { displayName: 'Number', 'custom.cellOptions': { type: 'color-text' }, decimals: 1 }),
        byName('instance', { 'custom.align': 'right', 'custom.width': 200 }),
        byName('Time', { 'custom.hidden': true }),
        byName('device', {
          mappings: [{ type: 'regex', options: { pattern: '(.)', result: { text: 'device $1' } } }],
        }),
      ],
    }),
    table('Sparklines', {
      targets: [query('things', { refId: 'A' })],
      panel: { transformations: [{ id: 'timeSeriesTable', options: {} }] },
    }),
    {
      type: 'table-old',
      title: 'Of old: a table',
      transform: 'table',
      targets: [query('things', { format: 'table', instant: true })],
      sort: { col: 0, desc: true },
      styles: [
        { pattern: 'Time', type: 'hidden' },
        { pattern: 'instance', type: 'hidden' },
        {
          pattern: 'Value',
          alias: 'Load',
          type: 'number',
          unit: 'percent',
          decimals: 1,
          thresholds: ['50', '100'],
          colors: ['green', 'yellow', 'red'],
          colorMode: 'cell',
        },
      ],
    },
    panel('heatmap', 'Counted from values', {
      options: { calculate: true, color: { scheme: 'Blues', reverse: true }, cellGap: 0 },
    }),
    {
      type: 'heatmap',
      title: 'Of old: buckets',
      dataFormat: 'tsbuckets',
      color: { mode: 'spectrum', colorScheme: 'interpolateViridis', exponent: 1 },
      yAxis: { format: 'ms', decimals: 0 },
      cards: { cardPadding: 6 },
      targets: [query('sum by (le) (rate(x_bucket[5m]))', { format: 'heatmap', legendFormat: '{{le}}' })],
    },
    panel('piechart', 'Values on slices, list below', {
      targets: now,
      options: {
        pieType: 'pie',
        displayLabels: ['value', 'percent'],
        legend: { placement: 'bottom', values: ['percent'] },
      },
    }),
    panel('barchart', 'Stacked by name', {
      targets: [
        query('things', { format: 'table', instant: true }),
        query('others', { refId: 'B', format: 'table', instant: true }),
      ],
      options: { xField: 'device', stacking: 'normal' },
      panel: {
        transformations: [
          { id: 'organize', options: { excludeByName: { Time: true, instance: true, __name__: true } } },
          { id: 'merge', options: {} },
          { id: 'organize', options: { renameByName: { 'Value #A': 'one', 'Value #B': 'two' } } },
        ],
      },
    }),
    panel('histogram', 'Five buckets', { options: { bucketCount: 5 } }),
    panel('state-timeline', 'Not merged, no words', {
      targets: [query('up', { legendFormat: '{{job}}' })],
      options: { mergeValues: false, showValue: 'never' },
    }),
    panel('status-history', 'Half of the room', {
      targets: [query('up', { legendFormat: '{{job}}' })],
      options: { rowHeight: 0.5, colWidth: 0.5 },
    }),
    panel('state-timeline', 'Merged, with words', {
      targets: [query('up', { legendFormat: '{{job}}' })],
      options: { mergeValues: true, showValue: 'always', alignValue: 'right' },
    }),
    {
      type: 'text',
      title: 'Markdown',
      options: {
        mode: 'markdown',
        content:
          '# Head\n\n1. one\n2. two\n\n| a | b |\n|---|--:|\n| 1 | **2** |\n\n> said\n\n```\ncode\n```\n\n[Wiki](https://example.com)',
      },
    },
    {
      type: 'text',
      title: 'HTML',
      options: {
        mode: 'html',
        content:
          '<center><h2 style="color: #cc0000; position: fixed">Site</h2></center><img src=x onerror="alert(1)" alt="a picture"><table><tr><td colspan="2">wide</td></tr></table><a href="javascript:alert(1)">no</a> <a href="/d/options">yes</a>',
      },
    },
    { type: 'text', title: 'Code', options: { mode: 'code', content: '<b>as it is</b>' } },
    {
      type: 'alertlist',
      title: 'Only one that fires',
      options: {
        maxItems: 1,
        stateFilter: { firing: true, pending: false },
        alertInstanceLabelFilter: '{team="devops"}',
      },
    },
    { type: 'dashlist', title: 'Boards with a word', options: { query: 'every', maxItems: 1 } },
    panel('timeseries', 'Its own day, an hour earlier', { panel: { timeFrom: '1d', timeShift: '1h' } }),
  ].map((one, i) => ({
    id: i + 1,
    gridPos: { x: (i % 4) * 6, y: Math.floor(i / 4) * 7, w: 6, h: 7 },
    ...one,
  })),
};
