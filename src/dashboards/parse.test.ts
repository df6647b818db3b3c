import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PanelModel } from './model.ts';
import { DashboardError, parseDashboard, uidFromName } from './parse.ts';

const shared = path.resolve(import.meta.dirname, '../../../shared');
const hasShared = existsSync(shared);
const read = (file: string): unknown => JSON.parse(readFileSync(path.join(shared, file), 'utf8'));
const allPanels = (panels: readonly PanelModel[]): PanelModel[] =>
  panels.flatMap((panel) => [panel, ...allPanels(panel.panels ?? [])]);
const placeholder = (name: string): string => `$\{${name}}`;
const onePanel = (panel: object, rest: object = {}): PanelModel =>
  parseDashboard({ title: 'T', panels: [panel], ...rest }, 't.json').panels[0]!;

describe('wrappers and identity', () => {
  test.each([
    ['plain', { uid: 'a', title: 'A', panels: [] }],
    ['dashboard wrapper', { dashboard: { uid: 'a', title: 'A', panels: [] }, folderId: 0 }],
    ['spec wrapper', { kind: 'Dashboard', spec: { uid: 'a', title: 'A', panels: [] } }],
  ])('%s', (_, json) => {
    expect(parseDashboard(json, 'x.json')).toMatchObject({ uid: 'a', title: 'A' });
  });

  test.each([
    ['boardroom-performance.json', 'boardroom-performance'],
    ['/etc/belfry/Node Exporter (full).json', 'node-exporter-full'],
    ['a/b/übersicht.json', 'ubersicht'],
  ])('%s gives the uid %s', (file, uid) => {
    expect(uidFromName(file)).toBe(uid);
    expect(parseDashboard({ title: 'x', panels: [], uid: '' }, file).uid).toBe(uid);
  });

  test('a long name keeps its uid within 40 characters and apart from its neighbour', () => {
    const a = uidFromName(`${'long-name-'.repeat(6)}a.json`);
    const b = uidFromName(`${'long-name-'.repeat(6)}b.json`);
    expect(a.length).toBeLessThanOrEqual(40);
    expect(a).not.toBe(b);
  });

  test.each([[null], [[]], ['text'], [{}], [{ groups: [] }]])('%j is no dashboard', (json) => {
    expect(() => parseDashboard(json, 'x.json')).toThrow(DashboardError);
  });

  test('panels without an id or with a repeated one get a free one', () => {
    const panels = [{ id: 2 }, {}, { id: 2 }, { id: 7, type: 'row', panels: [{ id: 7 }] }];
    const ids = allPanels(parseDashboard({ title: 'x', panels }, 'x.json').panels).map((panel) => panel.id);
    expect(new Set(ids).size).toBe(5);
    expect(ids[0]).toBe(2);
  });

  test('more panels than a call has room for arguments', () => {
    const COUNT = 130_000;
    expect(() => Math.max(...Array<number>(COUNT).fill(0))).toThrow(RangeError);
    const panels = Array.from({ length: COUNT }, (_, id) => ({ id, type: 'text' }));
    expect(parseDashboard({ title: 'x', panels }, 'x.json').panels).toHaveLength(COUNT);
  });
});

describe('layout', () => {
  test('panels without a place fill the grid from left to right', () => {
    const { panels } = parseDashboard({ title: 'x', panels: [{}, {}, {}, {}, {}] }, 'x.json');
    expect(panels.map(({ gridPos }) => gridPos)).toEqual([
      { x: 0, y: 0, w: 12, h: 8 },
      { x: 12, y: 0, w: 12, h: 8 },
      { x: 0, y: 8, w: 12, h: 8 },
      { x: 12, y: 8, w: 12, h: 8 },
      { x: 0, y: 16, w: 12, h: 8 },
    ]);
  });

  test('rows of before 2018 become the grid, closed ones a row with its panels inside', () => {
    const rows = [
      { height: '190px', panels: [{ span: 6 }, { span: 6 }, { span: 12 }] },
      { title: 'Closed', collapse: true, height: 250, panels: [{ span: 3 }] },
      { title: 'Open', showTitle: true, height: 380, panels: [{ span: 4 }] },
    ];
    const { panels } = parseDashboard({ title: 'x', rows }, 'x.json');
    expect(panels.map((panel) => [panel.type, panel.gridPos])).toEqual([
      ['row', { x: 0, y: 0, w: 24, h: 1 }],
      ['unknown', { x: 0, y: 1, w: 12, h: 5 }],
      ['unknown', { x: 12, y: 1, w: 12, h: 5 }],
      ['unknown', { x: 0, y: 6, w: 24, h: 5 }],
      ['row', { x: 0, y: 11, w: 24, h: 1 }],
      ['row', { x: 0, y: 12, w: 24, h: 1 }],
      ['unknown', { x: 0, y: 13, w: 8, h: 10 }],
    ]);
    expect(panels[4]).toMatchObject({ title: 'Closed', collapsed: true });
    expect(panels[4]!.panels).toHaveLength(1);
  });
});

describe('data sources', () => {
  const target = { expr: 'up' };
  const inputs = [
    { name: 'DS_PROM', type: 'datasource', pluginId: 'prometheus' },
    { name: 'DS_LOKI', type: 'datasource', pluginId: 'loki' },
  ];
  test.each([
    [undefined, false],
    [null, false],
    ['Prometheus', false],
    ['My metrics', false],
    [placeholder('DS_PROM'), false],
    [placeholder('DS_UNKNOWN'), false],
    ['-- Mixed --', false],
    [{ type: 'prometheus', uid: 'abc' }, false],
    [{ type: 'datasource', uid: '-- Dashboard --' }, false],
    [{ uid: '$datasource' }, false],
    [placeholder('DS_LOKI'), true],
    ['Loki', true],
    [{ type: 'loki', uid: 'x' }, true],
    [{ uid: placeholder('DS_LOKI') }, true],
  ])('%j: unsupported is %s', (datasource, isUnsupported) => {
    const panel = onePanel({ type: 'timeseries', datasource, targets: [target] }, { __inputs: inputs });
    expect(panel.unsupported ?? false).toBe(isUnsupported);
    expect(panel.targets).toHaveLength(isUnsupported ? 0 : 1);
  });

  test('of a mixed panel the queries for our store remain, and the others are named', () => {
    const panel = onePanel({
      type: 'timeseries',
      datasource: '-- Mixed --',
      targets: [target, { expr: '{app="x"}', refId: 'L', datasource: { type: 'loki' } }],
    });
    expect(panel.unsupported).toBeUndefined();
    expect(panel.targets.map(({ refId }) => refId)).toEqual(['A']);
    expect(panel.warnings).toEqual(['Query L needs the data source "loki" and is left out.']);
  });
});

test('holt_winters is asked under its new name, which is said; in quotes it stays', () => {
  const expr = 'holt_winters(a{b="holt_winters(c[5m])"}[1h], 0.5, 0.2) * 0.7 or holt_winters_total';
  const panel = onePanel({ type: 'timeseries', targets: [{ refId: 'C', expr }] });
  expect(panel.targets.map((target) => target.expr)).toEqual([
    'double_exponential_smoothing(a{b="holt_winters(c[5m])"}[1h], 0.5, 0.2) * 0.7 or holt_winters_total',
  ]);
  expect(panel.warnings).toEqual([
    'Query C: holt_winters is double_exponential_smoothing since Prometheus 3.0.',
  ]);
});

test('a panel all of whose queries are for another store says so once', () => {
  const target = { expr: '{a="b"}', datasource: { type: 'loki' } };
  const [panel] = parseDashboard({ panels: [{ type: 'timeseries', targets: [target, target] }] }, 'x').panels;
  expect(panel!.warnings).toEqual(['This panel needs the data source "loki".']);
});

describe('single values', () => {
  test('"1,5" with three colours: base, from 1, from 5; the mean by default; coloured as meant', () => {
    const panel = onePanel({
      type: 'singlestat',
      format: 'percent',
      thresholds: '1,5',
      colors: ['green', 'yellow', 'red'],
    });
    expect(panel).toMatchObject({ type: 'stat', authoredType: 'singlestat', unit: 'percent' });
    expect(panel.thresholds?.steps).toEqual([
      { value: null, color: 'green' },
      { value: 1, color: 'yellow' },
      { value: 5, color: 'red' },
    ]);
    expect(panel.value).toMatchObject({ reducer: 'mean', colorMode: 'value', hasSparkline: false });
  });

  test('an explicit flag decides the colour of a singlestat', () => {
    expect(onePanel({ type: 'singlestat', thresholds: '1,5', colorValue: false }).value?.colorMode).toBe(
      'none',
    );
    expect(onePanel({ type: 'singlestat', colorBackground: true }).value?.colorMode).toBe('background');
  });

  test('a singlestat with a gauge is a gauge between its ends', () => {
    const panel = onePanel({
      type: 'singlestat',
      gauge: { show: true, minValue: 0, maxValue: 80 },
      valueName: 'current',
    });
    expect(panel).toMatchObject({ type: 'gauge', min: 0, max: 80, value: { reducer: 'lastNotNull' } });
  });

  test('value maps, range maps and mappings of every age', () => {
    const old = onePanel({
      type: 'singlestat',
      valueMaps: [
        { op: '=', value: 'null', text: 'N/A' },
        { op: '=', value: '1', text: 'up' },
      ],
    });
    expect(old.mappings).toEqual([
      { kind: 'special', match: 'null', text: 'N/A' },
      { kind: 'value', match: '1', text: 'up' },
    ]);
    const now = onePanel({
      type: 'stat',
      fieldConfig: {
        defaults: {
          mappings: [
            { type: 'value', options: { 0: { text: 'down', color: 'red', index: 0 } } },
            { type: 'range', options: { from: 1, to: 9, result: { text: 'some' } } },
            { type: 'special', options: { match: 'null', result: { text: '-' } } },
          ],
        },
      },
    });
    expect(now.mappings).toEqual([
      { kind: 'value', match: '0', text: 'down', color: 'red' },
      { kind: 'range', match: '', from: 1, to: 9, text: 'some' },
      { kind: 'special', match: 'null', text: '-' },
    ]);
  });
});

describe('graphs', () => {
  test('the old graph keeps its own defaults and its axes', () => {
    const panel = onePanel({
      type: 'graph',
      stack: true,
      nullPointMode: 'connected',
      yaxes: [{ format: 's', label: 'Time', logBase: 10, max: '20', min: null }, {}],
      legend: { values: true, current: true, avg: true, alignAsTable: true, rightSide: true },
    });
    expect(panel.type).toBe('timeseries');
    expect(panel.unit).toBe('s');
    expect(panel.graph).toMatchObject({
      lineWidth: 1,
      fill: 0.1,
      stack: 'normal',
      nulls: 'connect',
      left: { label: 'Time', unit: 's', logBase: 10, max: 20 },
    });
    expect(panel.legend).toEqual({
      isShown: true,
      mode: 'table',
      placement: 'right',
      calcs: ['lastNotNull', 'mean'],
      isDescending: false,
      hideEmpty: false,
      hideZero: false,
    });
  });

  test('what a series looks like is read from both generations', () => {
    const old = onePanel({
      type: 'graph',
      points: true,
      pointradius: 3,
      dashes: true,
      dashLength: 4,
      tooltip: { shared: false, sort: 2 },
      legend: { sort: 'avg', sortDesc: true, hideEmpty: true, hideZero: true, sideWidth: 300 },
    });
    expect(old.graph).toMatchObject({ points: 'always', pointSize: 6, dash: [4, 10], barAlign: 0 });
    expect(old.tooltip).toEqual({ mode: 'single', sort: 'descending', hideZeros: false });
    expect(old.legend).toMatchObject({
      sortBy: 'mean',
      isDescending: true,
      hideEmpty: true,
      hideZero: true,
      width: 300,
    });
    const custom = {
      drawStyle: 'line',
      lineInterpolation: 'stepBefore',
      showPoints: 'auto',
      pointSize: 8,
      spanNulls: 60_000,
      gradientMode: 'scheme',
      lineStyle: { fill: 'dash', dash: [2, 6] },
      scaleDistribution: { type: 'log', log: 2 },
      axisCenteredZero: true,
      axisColorMode: 'series',
      axisPlacement: 'right',
      thresholdsStyle: { mode: 'dashed+area' },
      barAlignment: -1,
    };
    const now = onePanel({
      type: 'timeseries',
      fieldConfig: { defaults: { custom } },
      options: {
        tooltip: { mode: 'multi', sort: 'asc', hideZeros: true },
        legend: { displayMode: 'table', calcs: ['max'], sortBy: 'Last *', sortDesc: true, width: 240 },
      },
    });
    expect(now.graph).toMatchObject({
      draw: 'stepBefore',
      points: 'auto',
      pointSize: 8,
      nulls: 'gap',
      maxGapMs: 60_000,
      gradient: 'scheme',
      dash: [2, 6],
      barAlign: -1,
      thresholds: 'dashed+area',
      left: { logBase: 2, isCentered: true, isColored: true, side: 'right' },
    });
    expect(now.tooltip).toEqual({ mode: 'all', sort: 'ascending', hideZeros: true });
    expect(now.legend).toMatchObject({ sortBy: 'lastNotNull', isDescending: true, width: 240 });
  });

  test('links of a dashboard and of a panel lead to addresses; what leads nowhere is left out', () => {
    const model = parseDashboard(
      {
        title: 'x',
        links: [
          { type: 'dashboards', title: 'Hosts', tags: ['host'], asDropdown: true, keepTime: true },
          { type: 'link', url: 'https://example.com/', targetBlank: true, includeVars: true },
          { type: 'link' },
          { type: 'absolute', url: 'x' },
        ],
        panels: [
          {
            type: 'graph',
            links: [
              { title: 'More', url: '/d/abc', params: 'var-x=1' },
              { type: 'dashboard', dashboard: 'Old', dashUri: 'db/old' },
              { title: 'none' },
            ],
          },
        ],
      },
      'x.json',
    );
    expect(
      model.links.map(({ kind, title, url, tags, isMenu, keepTime, includeVars, isNewTab }) => [
        kind,
        title,
        url,
        tags,
        isMenu,
        keepTime,
        includeVars,
        isNewTab,
      ]),
    ).toEqual([
      ['dashboards', 'Hosts', '', ['host'], true, true, false, false],
      ['link', 'https://example.com/', 'https://example.com/', [], false, false, true, true],
    ]);
    expect(model.panels[0]!.panelLinks).toEqual([
      { title: 'More', url: '/d/abc?var-x=1', isNewTab: false },
      { title: 'Old', url: 'dashboard/db/old', isNewTab: false },
    ]);
  });

  test('series overrides and alias colours of the old graph become field overrides', () => {
    const panel = onePanel({
      type: 'graph',
      aliasColors: { idle: '#00ff00' },
      seriesOverrides: [
        { alias: '/^tx/', transform: 'negative-Y', yaxis: 2, stack: false },
        { alias: 'max', dashes: true, fill: 0, linewidth: 2, fillBelowTo: 'min' },
      ],
    });
    expect(panel.overrides).toEqual([
      {
        matcher: { id: 'byName', options: 'idle' },
        properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: '#00ff00' } }],
      },
      {
        matcher: { id: 'byRegexp', options: '/^tx/' },
        properties: [
          { id: 'custom.transform', value: 'negative-Y' },
          { id: 'custom.axisPlacement', value: 'right' },
          { id: 'custom.stacking', value: { mode: 'none' } },
        ],
      },
      {
        matcher: { id: 'byName', options: 'max' },
        properties: [
          { id: 'custom.lineStyle', value: { fill: 'dash' } },
          { id: 'custom.fillOpacity', value: 0 },
          { id: 'custom.lineWidth', value: 2 },
          { id: 'custom.fillBelowTo', value: 'min' },
        ],
      },
    ]);
    expect(panel.graph?.right).toBeDefined();
    expect(panel.warnings).toBeUndefined();
    expect(onePanel({ type: 'graph', seriesOverrides: [{ alias: 'a', instance: 'x' }] }).warnings).toEqual([
      'Not applied to single series: instance.',
    ]);
  });

  test('an override with another unit brings the second axis; one that is not applied is named', () => {
    const panel = onePanel({
      type: 'timeseries',
      fieldConfig: {
        defaults: { unit: 'bytes' },
        overrides: [
          {
            matcher: { id: 'byName', options: 'load' },
            properties: [
              { id: 'unit', value: 'percent' },
              { id: 'custom.axisColorMode', value: 'series' },
            ],
          },
        ],
      },
    });
    expect(panel.graph?.right).toMatchObject({ unit: 'percent' });
    expect(panel.warnings).toEqual(['Overrides not applied: custom.axisColorMode.']);
  });

  test.each([
    ['table', { options: { frameIndex: 1 } }, 'which of several tables is shown'],
    ['table', { options: { footer: { show: true, countRows: true } } }, 'the number of rows in the footer'],
    ['barchart', { options: { groupWidth: 0.4, barWidth: 0.5 } }, 'the width of groups, the width of bars'],
    ['timeseries', { fieldConfig: { defaults: { custom: { barWidthFactor: 0.9 } } } }, 'the width of bars'],
    [
      'state-timeline',
      { fieldConfig: { defaults: { custom: { fillOpacity: 20 } } } },
      'how opaque states are',
    ],
  ])('an option of a %s that is not read is named: %j', (type, options, what) => {
    const { warnings } = onePanel({ type, targets: [{ expr: 'up' }], ...options });
    expect(warnings).toEqual([`Options not applied: ${what}.`]);
  });

  test('options that are not read and say what is usual are not named', () => {
    const table = { frameIndex: 0, footer: { show: true, countRows: false } };
    expect(onePanel({ type: 'table', targets: [{ expr: 'up' }], options: table }).warnings).toBeUndefined();
    const bars = { groupWidth: 0.7, barWidth: 0.97 };
    expect(onePanel({ type: 'barchart', targets: [{ expr: 'up' }], options: bars }).warnings).toBeUndefined();
  });

  test('what is not drawn is named, the rest stays', () => {
    const transformations = [{ id: 'merge' }, { id: 'configFromData' }, { id: 'heatmap', disabled: true }];
    const overrides = [
      { matcher: { id: 'byTheMoon', options: '' }, properties: [{ id: 'unit', value: 's' }] },
    ];
    const panel = onePanel({
      type: 'table',
      targets: [{ expr: 'up' }],
      transformations,
      fieldConfig: { overrides },
    });
    expect(panel.unsupported).toBeUndefined();
    expect(panel.transformations).toEqual(transformations.slice(0, 2));
    expect(panel.warnings).toEqual([
      'Transformations are not applied: configFromData.',
      'Overrides not applied, by how they choose: byTheMoon.',
    ]);
    expect(onePanel({ type: 'nodeGraph', targets: [{ expr: 'up' }] })).toMatchObject({
      unsupported: true,
      warnings: ['Panels of the type "nodeGraph" are not drawn.'],
    });
  });

  test.each(['constructor', '__defineGetter__', 'toString', '__proto__'])(
    'the name %s, which every object has, is one like any other',
    (name) => {
      const named = (rest: object): PanelModel => onePanel({ targets: [{ expr: 'up' }], ...rest });
      expect(named({ type: name })).toMatchObject({
        type: name,
        unsupported: true,
        warnings: [`Panels of the type "${name}" are not drawn.`],
      });
      const override = JSON.parse(`{"alias": "a", "color": "red", "${name}": 1}`) as unknown;
      const old = named({ type: 'graph', seriesOverrides: [override], legend: { sort: name } });
      expect(old.overrides[0]!.properties).toHaveLength(1);
      expect(old.warnings?.join()).toContain(name);
      expect(old.legend?.sortBy).toBeUndefined();
      expect(named({ type: 'singlestat', valueName: name }).value?.reducer).toBe('mean');
      const custom = { lineInterpolation: name };
      const graph = named({ type: 'timeseries', fieldConfig: { defaults: { custom } } });
      expect(graph.graph?.draw).toBe('line');
    },
  );
});

describe('tables, and panels of single kinds', () => {
  test('styles of the old table become overrides', () => {
    const panel = onePanel({
      type: 'table-old',
      transform: 'timeseries_aggregations',
      columns: [
        { text: 'Avg', value: 'avg' },
        { text: 'Max', value: 'max' },
      ],
      styles: [
        { pattern: 'Time', type: 'hidden' },
        {
          pattern: '/Value/',
          alias: 'Load',
          type: 'number',
          unit: 'percent',
          decimals: 1,
          colorMode: 'cell',
          thresholds: ['50', '80'],
          colors: ['a', 'b', 'c'],
        },
        {
          pattern: 'state',
          type: 'string',
          mappingType: 1,
          valueMaps: [{ value: '1', text: 'up' }],
          link: true,
          linkUrl: '/d/x',
          linkTooltip: 'go',
        },
      ],
    });
    expect(panel.type).toBe('table');
    expect(panel.warnings).toBeUndefined();
    expect(panel.transformations).toEqual([{ id: 'reduce', options: { reducers: ['mean', 'max'] } }]);
    expect(panel.overrides).toEqual([
      { matcher: { id: 'byName', options: 'Time' }, properties: [{ id: 'custom.hidden', value: true }] },
      {
        matcher: { id: 'byRegexp', options: '/Value/' },
        properties: [
          { id: 'displayName', value: 'Load' },
          { id: 'unit', value: 'percent' },
          { id: 'decimals', value: 1 },
          {
            id: 'thresholds',
            value: {
              mode: 'absolute',
              steps: [
                { value: null, color: 'a' },
                { value: 50, color: 'b' },
                { value: 80, color: 'c' },
              ],
            },
          },
          { id: 'custom.cellOptions', value: { type: 'color-background' } },
        ],
      },
      {
        matcher: { id: 'byName', options: 'state' },
        properties: [
          { id: 'links', value: [{ title: 'go', url: '/d/x', isNewTab: false }] },
          { id: 'mappings', value: [{ kind: 'value', match: '1', text: 'up' }] },
        ],
      },
    ]);
  });

  test('presets of columns, and overrides in the forms of the panel itself', () => {
    const panel = onePanel({
      type: 'table',
      options: {
        showHeader: false,
        sortBy: [{ displayName: 'Value', desc: true }],
        footer: { show: true, reducer: ['mean'] },
      },
      fieldConfig: {
        defaults: {
          custom: { align: 'center', displayMode: 'gradient-gauge' },
          links: [{ url: '/x', title: 'X', targetBlank: true }],
        },
        overrides: [
          {
            matcher: { id: 'byName', options: 'a' },
            properties: [
              { id: 'thresholds', value: { mode: 'absolute', steps: [{ color: 'green', value: null }] } },
              { id: 'mappings', value: [{ type: 'value', options: { 0: { text: 'no' } } }] },
            ],
          },
        ],
      },
    });
    expect(panel.columns).toEqual({
      align: 'center',
      cell: 'gauge',
      sortBy: [{ name: 'Value', isDescending: true }],
      hasHeader: false,
      footer: ['mean'],
    });
    expect(panel.links).toEqual([{ title: 'X', url: '/x', isNewTab: true }]);
    expect(panel.overrides[0]!.properties.map(({ value }) => value)).toEqual([
      { mode: 'absolute', steps: [{ value: null, color: 'green' }] },
      [{ kind: 'value', match: '0', text: 'no' }],
    ]);
  });

  test.each([
    [
      {
        type: 'heatmap',
        dataFormat: 'tsbuckets',
        yAxis: { format: 's' },
        color: { mode: 'spectrum', colorScheme: 'interpolateSpectral', exponent: 1 },
      },
      {
        heatmap: {
          isCalculated: false,
          unit: 's',
          scheme: 'Spectral',
          isReversed: false,
          exponent: 1,
          cellGap: 2,
        },
      },
    ],
    [{ type: 'heatmap', dataFormat: 'tsbuckets', cards: { cardPadding: 5 } }, { heatmap: { cellGap: 5 } }],
    [{ type: 'heatmap', dataFormat: 'tsbuckets', cards: { cardPadding: 0 } }, { heatmap: { cellGap: 1 } }],
    [{ type: 'heatmap', options: {} }, { heatmap: { cellGap: 1 } }],
    [{ type: 'heatmap', options: { cellGap: 0 } }, { heatmap: { cellGap: 0 } }],
    [
      {
        type: 'heatmap',
        options: {
          calculate: true,
          yAxis: { unit: 'ms', decimals: 1 },
          color: { mode: 'opacity' },
          cellGap: 4,
        },
      },
      {
        heatmap: {
          isCalculated: true,
          unit: 'ms',
          decimals: 1,
          scheme: '',
          isReversed: false,
          exponent: 0.5,
          cellGap: 4,
        },
      },
    ],
    [
      {
        type: 'grafana-piechart-panel',
        pieType: 'donut',
        legend: { values: true, percentage: true },
        valueName: 'avg',
      },
      {
        type: 'piechart',
        pie: { isDonut: true, labels: [], values: ['value', 'percent'] },
        value: { reducer: 'mean' },
      },
    ],
    [
      { type: 'barchart', options: { orientation: 'horizontal', stacking: 'normal', xField: 'le' } },
      { bars: { isHorizontal: true, isStacked: true, xField: 'le' } },
    ],
    [
      { type: 'state-timeline', options: { showValue: 'never', mergeValues: false } },
      { states: { showValue: false, mergeEqual: false, align: 'left' } },
    ],
    [
      { type: 'state-timeline', options: { alignValue: 'right' } },
      { states: { showValue: true, align: 'right', rowShare: 0.9, cellShare: 0.9 } },
    ],
    [
      { type: 'status-history', options: { rowHeight: 0.5, colWidth: 1 } },
      { states: { rowShare: 0.5, cellShare: 1 } },
    ],
    [
      { type: 'status-history', options: { rowHeight: 0, colWidth: 40 } },
      { states: { rowShare: 0.05, cellShare: 1 } },
    ],
    [{ type: 'bargauge' }, { value: { barValue: 'color' } }],
    [{ type: 'bargauge', options: { valueMode: 'text' } }, { value: { barValue: 'text' } }],
    [{ type: 'bargauge', options: { valueMode: 'hidden' } }, { value: { barValue: 'hidden' } }],
    [
      { type: 'stat', options: { reduceOptions: { values: true, limit: 5 }, orientation: 'vertical' } },
      { value: { isEveryRow: true, limit: 5, orientation: 'vertical' } },
    ],
    [
      { type: 'stat', timeFrom: '7d', timeShift: '1d', hideTimeOverride: true },
      { time: { from: '7d', shift: '1d', isHidden: true } },
    ],
    [
      { type: 'stat', repeat: 'host', repeatDirection: 'v', maxPerRow: 3 },
      { repeat: 'host', repeatDirection: 'v', maxPerRow: 3 },
    ],
  ])('%j', (json, expected) => {
    const panel = onePanel({ ...json, targets: [{ expr: 'up' }] });
    expect(panel).toMatchObject(expected);
    expect(panel.unsupported).toBeUndefined();
    expect(panel.warnings).toBeUndefined();
  });
});

test('annotations with a query are kept, others named or left to Grafana', () => {
  const list = [
    { name: 'Annotations & Alerts', datasource: '-- Grafana --', enable: true },
    {
      name: 'deploys',
      expr: 'changes(v[1m]) > 0',
      titleFormat: '{{v}}',
      tagKeys: 'a, b',
      useValueForTime: 'on',
      enable: false,
      iconColor: 'red',
    },
    { name: 'logs', datasource: { type: 'loki' }, expr: '{}' },
  ];
  const model = parseDashboard({ title: 'x', panels: [], annotations: { list } }, 'x.json');
  expect(model.annotations).toEqual([
    {
      name: 'deploys',
      expr: 'changes(v[1m]) > 0',
      step: '',
      titleFormat: '{{v}}',
      textFormat: '',
      tagKeys: ['a', 'b'],
      useValueForTime: true,
      color: 'red',
      isEnabled: false,
    },
  ]);
  expect(model.warnings).toEqual(['The annotation "logs" needs the data source "loki".']);
});

if (!hasShared) console.warn(`${shared} is not there: public dashboards are NOT tried`);

describe.skipIf(!hasShared)('dashboards that people have', () => {
  test('the guide’s overview', () => {
    const model = parseDashboard(read('guide/files/dashboards/boardroom-main.json'), 'boardroom-main.json');
    expect(model).toMatchObject({
      uid: 'boardroom-main',
      title: 'Boardroom Application Overview',
      refresh: '10s',
    });
    expect(model.panels.map((panel) => [panel.type, panel.title, panel.unit])).toEqual([
      ['timeseries', 'Request Rate', 'reqps'],
      ['timeseries', 'Response Time (p50, p95, p99)', 's'],
      ['stat', 'Error Rate', 'percent'],
      ['stat', 'Active Users', 'none'],
      ['stat', 'WebSocket Connections', 'none'],
      ['gauge', 'Cache Hit Rate', 'percent'],
    ]);
    expect(model.panels.flatMap((panel) => panel.warnings ?? [])).toEqual([]);
    expect(model.panels[3]!.value).toMatchObject({ hasSparkline: true, sparklineColor: 'rgb(31, 120, 193)' });
    expect(model.panels[5]).toMatchObject({
      min: 0,
      max: 100,
      thresholds: {
        steps: [{ color: 'red' }, { color: 'yellow', value: 70 }, { color: 'green', value: 85 }],
      },
    });
  });

  test('the guide’s performance dashboard has no uid, ids or places', () => {
    const model = parseDashboard(
      read('guide/files/dashboards/boardroom-performance.json'),
      'boardroom-performance.json',
    );
    expect(model.uid).toBe('boardroom-performance');
    expect(new Set(model.panels.map((panel) => panel.id)).size).toBe(3);
    expect(model.panels[2]).toMatchObject({ type: 'table', targets: [{ isInstant: true, format: 'table' }] });
  });

  const corpus = hasShared
    ? readdirSync(path.join(shared, 'dashboards')).filter((file) => file.endsWith('.json'))
    : [];
  test.each(corpus)('%s', (file) => {
    const model = parseDashboard(read(path.join('dashboards', file)), file);
    const panels = allPanels(model.panels);
    expect(panels.length).toBeGreaterThan(0);
    expect(new Set(panels.map((panel) => panel.id)).size).toBe(panels.length);
    for (const panel of panels) {
      expect(panel.gridPos.x + panel.gridPos.w).toBeLessThanOrEqual(24);
      if (panel.unsupported) expect(panel.warnings?.length).toBeGreaterThan(0);
    }
  });

  test('of the panels that can be fed 98 in 100 are drawn, 90 without anything left out', () => {
    const panels = corpus
      .flatMap((file) => allPanels(parseDashboard(read(path.join('dashboards', file)), file).panels))
      .filter((panel) => panel.type !== 'row')
      .filter((panel) => !panel.warnings?.some((warning) => warning.startsWith('This panel needs')));
    const share = (wanted: (panel: PanelModel) => boolean): number =>
      panels.filter(wanted).length / panels.length;
    expect(panels.length).toBeGreaterThan(1500);
    expect(share((panel) => !panel.unsupported)).toBeGreaterThan(0.98);
    expect(share((panel) => !panel.warnings)).toBeGreaterThan(0.9);
  });
});
