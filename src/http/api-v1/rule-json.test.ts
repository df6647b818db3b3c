import { expect, test } from 'vitest';
import { labelsFromObject } from '../../model/labels.ts';
import type { AlertingRuleView, PresentAlert, RuleGroupView } from '../../rules/views.ts';
import { labelWriter } from '../label-json.ts';
import { alertListPieces, ruleAlertWriter, ruleListPieces } from './rule-json.ts';

const alert = (more: Partial<PresentAlert> = {}): PresentAlert => ({
  labels: labelsFromObject({ alertname: 'A', 'a "name"': 'li\nne' }),
  annotations: labelsFromObject({ summary: 'ö' }),
  state: 'firing',
  value: 1,
  activeAt: Date.UTC(2026, 0, 1),
  seenAt: 0,
  firedAt: 0,
  resolvedAt: 0,
  keepFiringSince: 0,
  lastSentAt: 0,
  validUntil: 0,
  ...more,
});
const rule: AlertingRuleView = {
  state: 'firing',
  name: 'A',
  query: 'up == 0',
  duration: 0,
  keepFiringFor: 0,
  labels: {},
  annotations: {},
  alerts: [alert(), alert({ value: 0.125 })],
  health: 'ok',
  evaluationTime: 0,
  lastEvaluation: '2026-01-01T00:00:00Z',
  type: 'alerting',
};
const { alerts: _, ...aboutRule } = rule;
const group: RuleGroupView = {
  name: 'g',
  file: 'f',
  rules: [],
  interval: 15,
  limit: 0,
  evaluationTime: 0,
  lastEvaluation: '',
};
const shown = {
  labels: { 'a "name"': 'li\nne', alertname: 'A' },
  annotations: { summary: 'ö' },
  state: 'firing',
  activeAt: '2026-01-01T00:00:00Z',
  value: '1e+00',
};

const parsed = (pieces: Iterable<string>): unknown => JSON.parse([...pieces].join(''));
const writer = () => ruleAlertWriter(labelWriter());

test('alerts are written with upstream’s names, times and numbers', () => {
  const kept = alert({ state: 'pending', value: Number.NaN, keepFiringSince: Date.UTC(2026, 0, 2) + 500 });
  expect(parsed(alertListPieces([alert(), kept], writer()))).toEqual({
    status: 'success',
    data: {
      alerts: [
        shown,
        { ...shown, state: 'pending', value: 'NaN', keepFiringSince: '2026-01-02T00:00:00.5Z' },
      ],
    },
  });
});

test('one that ended while the answer was written is left out', () => {
  const [first, second] = [alert(), alert()];
  function* taken(): Generator<PresentAlert> {
    yield first;
    Object.assign(second, { state: 'inactive' });
    yield second;
  }
  expect(parsed(alertListPieces(taken(), writer()))).toMatchObject({ data: { alerts: [shown] } });
});

test('what an alert says is written anew when it says something else', () => {
  const write = writer();
  const one = alert();
  write(one);
  one.annotations = labelsFromObject({ summary: 'new' });
  expect(JSON.parse(write(one))).toEqual({ ...shown, annotations: { summary: 'new' } });
});

test('groups hold their rules, rules their alerts', () => {
  const record = { ...aboutRule, name: 'r', type: 'recording' as const };
  const groups = [{ ...group, rules: [rule, { ...rule, alerts: [] }, record] }, group];
  expect(parsed(ruleListPieces({ groups }, writer()))).toEqual({
    status: 'success',
    data: {
      groups: [
        {
          ...group,
          rules: [
            { ...aboutRule, alerts: [shown, { ...shown, value: '1.25e-01' }] },
            { ...aboutRule, alerts: [] },
            record,
          ],
        },
        group,
      ],
    },
  });
  expect(parsed(ruleListPieces({ groups: [], groupNextToken: 't' }, writer()))).toEqual({
    status: 'success',
    data: { groups: [], groupNextToken: 't' },
  });
});
