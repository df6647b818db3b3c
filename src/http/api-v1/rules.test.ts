import { expect, test } from 'vitest';
import type { RuleGroupJson, RuleJson } from './monitoring.ts';
import { ruleList } from './rules.ts';

const rule = (type: RuleJson['type'], name: string, labels: Record<string, string> = {}): RuleJson =>
  ({ type, name, labels, ...(type === 'alerting' ? { alerts: [{}] } : {}) }) as unknown as RuleJson;
const group = (file: string, name: string, ...rules: RuleJson[]): RuleGroupJson =>
  ({ file, name, rules }) as unknown as RuleGroupJson;

const GROUPS = [
  group('a.yml', 'disk', rule('alerting', 'Full', { team: 'x' }), rule('recording', 'used', { team: 'y' })),
  group('a.yml', 'net', rule('alerting', 'Slow', { team: '{{ $labels.team }}' })),
  group('b.yml', 'disk', rule('recording', 'free')),
  group('b.yml', 'empty'),
];

const list = (query: string) => ruleList(GROUPS, new URLSearchParams(query));
/** Groups and rules as `file/group: rule rule`. */
const shown = (query: string): string[] =>
  list(query).groups.map(
    ({ file, name, rules }) => `${file}/${name}: ${rules.map((one) => one.name).join(' ')}`,
  );

test.each<[query: string, expected: string[]]>([
  ['', ['a.yml/disk: Full used', 'a.yml/net: Slow', 'b.yml/disk: free', 'b.yml/empty: ']],
  ['type=alert', ['a.yml/disk: Full', 'a.yml/net: Slow', 'b.yml/empty: ']],
  ['type=record', ['a.yml/disk: used', 'b.yml/disk: free', 'b.yml/empty: ']],
  ['rule_name[]=Slow&rule_name[]=free', ['a.yml/net: Slow', 'b.yml/disk: free', 'b.yml/empty: ']],
  ['rule_group[]=disk', ['a.yml/disk: Full used', 'b.yml/disk: free']],
  ['rule_group[]=disk&file[]=b.yml', ['b.yml/disk: free']],
  ['file[]=a.yml&file[]=b.yml&rule_group[]=net', ['a.yml/net: Slow']],
  ['file[]=c.yml', []],
  ['match[]={team="x"}&file[]=a.yml', ['a.yml/disk: Full']],
  ['match[]={team="x"}&match[]={team="y"}&file[]=a.yml', ['a.yml/disk: Full used']],
  ['match[]={team=~"x|y"}&type=record&file[]=a.yml', ['a.yml/disk: used']],
  // What a template makes of a label is not known before it fires.
  ['match[]={team=~".*labels.*"}&file[]=a.yml', []],
])('%j shows', (query, expected) => {
  expect(shown(query)).toEqual(expected);
});

test('alerts are left out when asked for, rules stay', () => {
  const alertsOf = (query: string) =>
    list(query).groups.flatMap(({ rules }) => rules.map((one) => one.alerts));
  expect(alertsOf('file[]=a.yml&exclude_alerts=t')).toEqual([[], undefined, []]);
  expect(alertsOf('file[]=a.yml&exclude_alerts=0')).toEqual([[{}], undefined, [{}]]);
});

test('pages follow one another to the end, also under a filter', () => {
  const pages: string[][] = [];
  for (let token: string | undefined = ''; token !== undefined; ) {
    const query: string = `group_limit=2&rule_group[]=disk&rule_group[]=net${token && `&group_next_token=${token}`}`;
    pages.push(shown(query));
    token = list(query).groupNextToken;
  }
  expect(pages).toEqual([['a.yml/disk: Full used', 'a.yml/net: Slow'], ['b.yml/disk: free']]);
  expect(list('group_limit=4').groupNextToken).toBeUndefined();
});

test.each([
  ['type=alerting', /not supported value "alerting"/],
  ['exclude_alerts=maybe', /exclude_alerts/],
  ['match[]={', /parse error: unexpected end of input inside braces/],
  ['match[]={team=~".*"}', /at least one non-empty matcher/],
  ['group_next_token=abc', /group_limit needs to be present/],
  ['group_limit=x', /group_limit needs to be a valid number/],
  ['group_limit=0', /group_limit needs to be greater than 0/],
  ['group_limit=-1', /group_limit needs to be greater than 0/],
  ['group_limit=1&group_next_token=abc', /invalid group_next_token 'abc'/],
])('%j is refused', (query, message) => {
  expect(() => list(query)).toThrow(message);
});
