import { test } from 'vitest';
import { createTemplateSet } from './notification.ts';
import type { AlertData, NotificationData } from './notification-data.ts';
import { ruleExpander } from './rule-expander.ts';

const expander = ruleExpander({
  name: 'HighErrorRate',
  externalLabels: {},
  externalUrl: 'http://belfry.example',
  timestamp: 0,
  query: () => [],
});
const labels = { job: 'api', instance: 'host:9100', severity: 'critical' };

test('rules', async ({ bench }) => {
  await bench('an annotation, for one element', () => {
    expander.expand('Error rate is {{ $value | humanizePercentage }} for {{ $labels.job }}', labels, 0.05);
  }).run();
});

const alert: AlertData = {
  status: 'firing',
  labels: { alertname: 'HighErrorRate', ...labels },
  annotations: { summary: 'High error rate detected on api', description: 'Error rate is 5% for api' },
  startsAt: 1,
  endsAt: 0,
  generatorURL: 'http://belfry.example/graph?g0.expr=up&g0.tab=1',
  fingerprint: '00f1',
};
const of = (count: number): NotificationData => ({
  receiver: 'team',
  status: 'firing',
  alerts: Array<AlertData>(count).fill(alert),
  groupLabels: { alertname: 'HighErrorRate' },
  commonLabels: alert.labels,
  commonAnnotations: alert.annotations,
  externalURL: 'http://belfry.example',
});
const set = createTemplateSet({ now: () => 0 });

test('notifications', async ({ bench }) => {
  const one = of(1);
  const hundred = of(100);
  await bench('a title, for one alert', () => {
    set.renderText('{{ template "slack.default.title" . }}', one);
  }).run();
  await bench('the default e-mail, for 100 alerts', () => {
    set.renderHtml('{{ template "email.default.html" . }}', hundred);
  }).run();
});
