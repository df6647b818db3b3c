import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { compareLabelSets, formatGroupLabels, groupKey, groupLabels } from './group.ts';
import { route } from './notifier.fixture.ts';
import { buildRoutes, explainRoutes, matchRoutes } from './routes.ts';

const tree = buildRoutes(
  route({
    receiver: 'root',
    group_by: ['alertname'],
    routes: [
      {
        matchers: 'team="db"',
        receiver: 'db',
        group_by: ['alertname', 'shard'],
        routes: [
          { matchers: 'shard=~"[0-4]"', receiver: 'low', continue: true },
          { matchers: 'shard=~"[3-9]"', receiver: 'high' },
          { matchers: 'env!="prod",owner=""', receiver: 'nonprod' },
        ],
      },
      { matchers: 'severity=~"crit.*|page"', receiver: 'pager', continue: true },
      { matchers: 'team="web"', receiver: 'web', group_by: [], group_by_all: true },
    ],
  }),
);

const to = (labels: Record<string, string>) =>
  matchRoutes(tree, labelsFromObject(labels)).map((one) => one.receiver);

test.each([
  [{ alertname: 'A' }, ['root']],
  [{ team: 'db', shard: '1' }, ['low', 'nonprod']],
  [{ team: 'db', shard: '3' }, ['low', 'high']],
  [{ team: 'db', shard: '8' }, ['high']],
  [{ team: 'db', env: 'prod' }, ['db']],
  [{ team: 'db', owner: 'me' }, ['db']],
  [{ severity: 'critical' }, ['pager']],
  [{ severity: 'xcritical' }, ['root']],
  [{ severity: 'page', team: 'web' }, ['pager', 'web']],
])('%j goes to %j', (labels, receivers) => {
  expect(to(labels)).toEqual(receivers);
});

test('each node that was looked at says what decided', () => {
  const steps = explainRoutes(tree, labelsFromObject({ team: 'db', shard: '3' }));
  expect(steps.map((step) => [step.receiver, step.matched, step.chosen, step.failing.length])).toEqual([
    ['root', true, false, 0],
    ['db', true, false, 0],
    ['low', true, true, 0],
    ['high', true, true, 0],
  ]);
  const none = explainRoutes(tree, labelsFromObject({ team: 'x' }));
  expect(none.map((step) => [step.receiver, step.chosen, step.failing.map((one) => one.name)])).toEqual([
    ['root', true, []],
    ['db', false, ['team']],
    ['pager', false, ['severity']],
    ['web', false, ['team']],
  ]);
});

test('the explanation chooses what the search finds', () => {
  for (const team of ['db', 'web', 'x'])
    for (const shard of ['', '1', '3', '8'])
      for (const severity of ['', 'page']) {
        const labels = { team, shard, severity };
        const chosen = explainRoutes(tree, labelsFromObject(labels)).filter((step) => step.chosen);
        expect(chosen.map((step) => step.receiver)).toEqual(to(labels));
      }
});

test('group keys hold the path of matchers and the group labels', () => {
  const labels = labelsFromObject({ alertname: 'D', shard: '3', team: 'db', x: 'y' });
  const keys = matchRoutes(tree, labels).map((one) => groupKey(one, groupLabels(labels, one.groupBy)));
  expect(keys).toEqual([
    '{}/{team="db"}/{shard=~"[0-4]"}:{alertname="D", shard="3"}',
    '{}/{team="db"}/{shard=~"[3-9]"}:{alertname="D", shard="3"}',
  ]);
  expect(formatGroupLabels(labelsFromObject({ 'a.b': 'x"y\n' }))).toBe('{a.b="x\\"y\\n"}');
});

test('label sets are ordered by length, then by the first label that only one has or the first value that differs', () => {
  const sets: readonly Record<string, string>[] = [
    { b: '1', c: '1' },
    { a: '2', b: '1' },
    { a: '1', c: '1' },
    { z: '9' },
    { a: '1', b: '1' },
  ];
  const sorted = sets
    .map((set) => labelsFromObject(set as Record<string, string>))
    .sort(compareLabelSets)
    .map(formatGroupLabels);
  expect(sorted).toEqual(['{z="9"}', '{b="1", c="1"}', '{a="1", c="1"}', '{a="1", b="1"}', '{a="2", b="1"}']);
});
