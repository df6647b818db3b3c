import { ALERTS, type Site } from './site.ts';

/** What is configured after the `n`th reload: rules, relabelling, a receiver and remote write change in turn. */
export function configuration({ address, mailPort }: Pick<Site, 'address' | 'mailPort'>, n: number): string {
  const isOther = n % 2 === 1;
  const rules = Array.from(
    { length: 8 },
    (_, i) =>
      `      - {record: 'job:events:rate5m_${i}', expr: 'sum by (job) (rate(steady_events_total_${i}[5m]))'}`,
  );
  return `global: {scrape_interval: 15s, scrape_timeout: 15s, evaluation_interval: 15s, external_labels: {site: endurance}}
self: {}
host: {}
storage: {tsdb: {retention: {time: 15d}}}
scrape_configs:
  - job_name: site
    http_sd_configs: [{url: 'http://${address}/targets', refresh_interval: 30s}]
    metric_relabel_configs: [{source_labels: [item], regex: '${isOther ? '149' : '147'}', action: drop}]
remote_write:
  - url: http://${address}/write
    write_relabel_configs: [{source_labels: [__name__], regex: '${isOther ? 'up|pod_cpu' : 'up|flip|job:.*'}', action: keep}]
groups:
  - name: events
    rules:
${rules.join('\n')}
  - name: alerts
    rules:
      - {alert: Flip, expr: 'max by (n) (flip) == 1', for: 30s, labels: {severity: page}, annotations: {summary: '{{ $labels.n }} is {{ $value }} of ${ALERTS}'}}
      - {alert: Part, expr: 'count(pod_cpu) > 10 and on() vector(1) > ${isOther ? 0 : 1}', labels: {severity: note}}
${isOther ? "  - {name: sometimes, interval: 30s, rules: [{record: 'sometimes:up', expr: 'count(up)'}]}\n" : ''}route:
  receiver: steady
  group_by: [alertname, n]
  group_wait: 30s
  group_interval: 1m
  repeat_interval: 1h
  routes:
    - {matchers: ['n=~"[0-3]"'], receiver: unsteady, continue: true}
    - {matchers: ['severity="note"'], receiver: mail, mute_time_intervals: [night]}
    - {matchers: ['n=~"[4-7]"'], receiver: mail, continue: true}
time_intervals: [{name: night, time_intervals: [{times: [{start_time: '22:00', end_time: '23:00'}]}]}]
inhibit_rules: [{source_matchers: ['n="1"'], target_matchers: ['n="2"'], equal: [alertname]}]
receivers:
  - {name: steady, webhook_configs: [{url: 'http://${address}/steady'${isOther ? ', max_alerts: 5' : ''}}]}
  - {name: unsteady, webhook_configs: [{url: 'http://${address}/unsteady'}]}
  - name: mail
    email_configs: [{to: 'on-call@example.org', from: 'belfry@example.org', smarthost: '127.0.0.1:${mailPort}', require_tls: false, send_resolved: true}]
`;
}
