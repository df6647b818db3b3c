import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { labelsFromObject } from '../model/labels.ts';
import { expandRuleTemplate } from './rule-expander.fixture.ts';
import { checkRuleTemplate, expandRuleTemplates, ruleExpander } from './rule-expander.ts';
import type { QuerySample } from './rule-functions.ts';

const samples: readonly QuerySample[] = [
  { labels: labelsFromObject({ __name__: 'm', instance: 'b', __value__: 'v' }), value: 21 },
  { labels: labelsFromObject({ __name__: 'm', instance: 'a' }), value: 11 },
];

const context = {
  name: 'HighLoad',
  labels: { __name__: 'node_load1', instance: 'db:9100', job: 'node' },
  value: 0.05123,
  externalLabels: { site: 'lab' },
  externalUrl: 'http://belfry.example/mon',
  timestamp: 1_353_755_652_000,
  query: (expr: string): readonly QuerySample[] => {
    if (expr === 'none') return [];
    if (expr === 'bad(') throw new Error('1:5: parse error: unclosed left parenthesis');
    return samples;
  },
};

const expand = (text: string): string => expandRuleTemplate(text, context);

describe('what a rule sees', () => {
  test.each([
    ['no action at all', 'no action at all'],
    ['{{ $labels.instance }} of {{ $labels.job }}', 'db:9100 of node'],
    ['{{ $labels }}', 'map[__name__:node_load1 instance:db:9100 job:node]'],
    ['[{{ $labels.missing }}]', '[]'],
    ['{{ $value }} {{ .Value }} {{ printf "%.2f" $value }}', '0.05123 0.05123 0.05'],
    [
      '{{ $externalLabels.site }} {{ .ExternalLabels.site }} {{ $externalURL }}',
      'lab lab http://belfry.example/mon',
    ],
    ['{{ if gt $value 0.05 }}high{{ end }}', 'high'],
    ['{{ range $name, $v := .Labels }}{{ $name }} {{ end }}', '__name__ instance job '],
  ])('%j gives %j', (text, expected) => expect(expand(text)).toBe(expected));
});

describe('functions', () => {
  test.each([
    ['{{ query "m" | first | value }}', '21'],
    ['{{ query "m" | sortByLabel "instance" | first | label "instance" }}', 'a'],
    ['{{ query "m" | first | strvalue }}', 'v'],
    [
      '{{ range query "m" | sortByLabel "instance" }}{{ .Labels.instance }}={{ .Value }};{{ end }}',
      'a=11;b=21;',
    ],
    ['{{ with query "none" }}x{{ else }}nothing{{ end }}', 'nothing'],
    ['{{ $x := query "m" | first }}[{{ $x.Labels.none }}]', '[]'],
    ['{{ define "x" }}{{ .arg0 }} {{ .arg1 }}{{ end }}{{ template "x" (args 1 "2") }}', '1 2'],
    ['{{ "wORLD of aa bb" | title }} {{ toUpper "aé" }} {{ toLower "AÉ" }}', 'WORLD Of Aa Bb AÉ aé'],
    ['{{ match "a+" "baa" }} {{ match "^a" "b" }}', 'true false'],
    ['{{ reReplaceAll "(.*):(?P<port>.*)" "$port-$1-$$-$9" $labels.instance }}', '9100-db-$-'],
    ['{{ reReplaceAll "a*" "-" "baac" }} {{ reReplaceAll "b$1" "x" "ab" }}', '-b-c- ab'],
    [
      '{{ graphLink "up == 0" }} {{ tableLink "up" }}',
      '/graph?g0.expr=up+%3D%3D+0&g0.tab=0 /graph?g0.expr=up&g0.tab=1',
    ],
    ['{{ pathPrefix }} {{ externalURL }}', '/mon http://belfry.example/mon'],
    [
      '{{ "h.example:80" | stripPort }} {{ "h" | stripPort }} {{ "[2001:db8::1]:80" | stripPort }}',
      'h.example h 2001:db8::1',
    ],
    [
      '{{ stripDomain "h.example:80" }} {{ stripDomain "10.0.0.1:80" }} {{ stripDomain "h.example" }}',
      'h:80 10.0.0.1:80 h',
    ],
    [
      '{{ humanize 0.0 }} {{ humanize 1234567.0 }} {{ humanize 0.12 }} {{ humanize -1500 }}',
      '0 1.235M 120m -1.5k',
    ],
    ['{{ humanize "1234" }} {{ humanize1024 1048576 }} {{ humanize1024 0.12 }}', '1.234k 1Mi 0.12'],
    [
      '{{ humanizeDuration 899.99 }}; {{ humanizeDuration 90061 }}; {{ humanizeDuration 0.12345 }}',
      '14m 59s; 1d 1h 1m 1s; 123.5ms',
    ],
    [
      '{{ humanizeDuration -183845 }}; {{ humanizeDuration 1.2345 }}; {{ humanizeDuration "60" }}',
      '-2d 3h 4m 5s; 1.234s; 1m 0s',
    ],
    ['{{ $value | humanizePercentage }} {{ humanizePercentage 1.23456 }}', '5.123% 123.5%'],
    ['{{ 1435065584.128 | humanizeTimestamp }}', '2015-06-23 13:19:44.128 +0000 UTC'],
    [
      '{{ (toTime 1435065584).Format "2006-01-02" }} {{ (toDuration 1800).String }} {{ toDuration "90" }}',
      '2015-06-23 30m0s 1m30s',
    ],
    [
      '{{ now }} {{ (now | toTime).Format "Mon Jan 2 15:04:05 2006" }}',
      '1.353755652e+09 Sat Nov 24 11:14:12 2012',
    ],
    ['{{ ("-30m" | parseDuration | toDuration | (now | toTime).Add).UnixMilli }}', '1353753852000'],
    ['{{ printf "%.2f" (parseDuration "1h2m10ms") }} {{ parseDuration "-1m" }}', '3720.01 -60'],
    ['{{ urlQueryEscape "a b&c" }} {{ safeHtml "<b>" }}', 'a+b%26c <b>'],
  ])('%j gives %j', (text, expected) => expect(expand(text)).toBe(expected));
});

describe('mistakes become text', () => {
  test.each([
    ['{{', 'error parsing template __alert_HighLoad: template: __alert_HighLoad:1: unclosed action'],
    [
      '{{ nope 1 }}',
      'error parsing template __alert_HighLoad: template: __alert_HighLoad:1: function "nope" not defined',
    ],
    [
      '{{ query "none" | first }}',
      'error executing template __alert_HighLoad: template: __alert_HighLoad:1:130: executing "__alert_HighLoad" at <first>: error calling first: first() called on vector with no elements',
    ],
    [
      '{{ query "bad(" }}',
      'error executing template __alert_HighLoad: template: __alert_HighLoad:1:115: executing "__alert_HighLoad" at <query "bad(">: error calling query: 1:5: parse error: unclosed left parenthesis',
    ],
    [
      '{{ (query "m").banana }}',
      'error executing template __alert_HighLoad: template: __alert_HighLoad:1:122: executing "__alert_HighLoad" at <"m">: can\'t evaluate field banana in type template.queryResult',
    ],
    [
      '{{ humanize "one" }}',
      'error executing template __alert_HighLoad: template: __alert_HighLoad:1:115: executing "__alert_HighLoad" at <humanize "one">: error calling humanize: strconv.ParseFloat: parsing "one": invalid syntax',
    ],
    [
      'a\n{{ humanizeTimestamp 1e30 }}',
      'error executing template __alert_HighLoad: template: __alert_HighLoad:2:3: executing "__alert_HighLoad" at <humanizeTimestamp 1e30>: error calling humanizeTimestamp: 1e+30 cannot be represented as a nanoseconds timestamp since it overflows int64',
    ],
    [
      '{{ eq $value 1 }}',
      'error executing template __alert_HighLoad: template: __alert_HighLoad:1:115: executing "__alert_HighLoad" at <eq $value 1>: error calling eq: incompatible types for comparison',
    ],
    [
      '{{ reReplaceAll "(" "" "x" }}',
      'error executing template __alert_HighLoad: template: __alert_HighLoad:1:115: executing "__alert_HighLoad" at <reReplaceAll "(" "" "x">: error calling reReplaceAll: error parsing regexp: missing closing ): `(`',
    ],
  ])('%j', (text, message) => expect(expand(text)).toBe(`<error expanding template: ${message}>`));

  test('but a file with one that does not parse is refused', () => {
    expect(() => checkRuleTemplate('{{ $labels.job', 'A')).toThrow('template: __alert_A:1: unclosed action');
    expect(() => checkRuleTemplate('{{ $nope }}')).toThrow('undefined variable "$nope"');
    expect(() => checkRuleTemplate('{{ $labels.job }}')).not.toThrow();
  });
});

test('labels and annotations of an evaluation are expanded element by element', () => {
  const expandAll = expandRuleTemplates(
    {
      at: 0,
      alertname: 'A',
      labels: { severity: '{{ if gt $value 1.0 }}critical{{ else }}warning{{ end }}' },
      annotations: { summary: '{{ $labels.job }}: {{ $value }}', plain: 'text' },
      externalLabels: {},
      externalUrl: '',
    },
    () => [],
  );
  expect([1, 2].map((value) => expandAll(labelsFromObject({ job: `j${value}` }), value))).toEqual([
    { expandedLabels: { severity: 'warning' }, expandedAnnotations: { summary: 'j1: 1', plain: 'text' } },
    { expandedLabels: { severity: 'critical' }, expandedAnnotations: { summary: 'j2: 2', plain: 'text' } },
  ]);
});

const shared = path.resolve(import.meta.dirname, '../../../shared');
const folders = [path.join(shared, 'rules'), path.join(shared, 'guide/files/alerts')];

test.skipIf(!fs.existsSync(shared))('every annotation and label of real rule files renders', () => {
  const files = folders.flatMap((folder) =>
    fs
      .readdirSync(folder)
      .filter((name) => name.endsWith('.yml'))
      .map((name) => path.join(folder, name)),
  );
  const failures: string[] = [];
  let rendered = 0;
  for (const file of files) {
    const { groups } = parse(fs.readFileSync(file, 'utf8')) as {
      groups: { rules: { alert?: string; labels?: object; annotations?: object }[] }[];
    };
    for (const rule of groups.flatMap((group) => group.rules)) {
      const expander = ruleExpander({ ...context, name: rule.alert ?? '' });
      for (const text of Object.values({ ...rule.labels, ...rule.annotations }) as unknown[]) {
        rendered++;
        const out = expander.expand(String(text), context.labels, context.value);
        if (out.includes('<error') || out.includes('<no value>')) failures.push(`${file}: ${text}: ${out}`);
      }
    }
  }
  expect(failures).toEqual([]);
  expect(rendered).toBeGreaterThan(900);
});
