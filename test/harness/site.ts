import fs from 'node:fs';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { GALLERY, OPTIONS } from '../../web/dev/gallery.ts';
import { MORE_OPTIONS } from '../../web/dev/gallery-more.ts';
import { type Appliance, freePort, startAppliance, temporaryFolder } from './appliance.ts';
import { type FakeApp, startFakeApp, startNodeExporter, startSink } from './peers.ts';

const root = path.resolve(import.meta.dirname, '../..');
const guide = path.join(root, 'examples/guide');

/** A site whose pages have something on them: a host, an application in trouble, Belfry itself, and a target that is down. */
export interface Site {
  readonly belfry: Appliance;
  readonly app: FakeApp;
  readonly folder: string;
}

/** What the gallery's panels ask for, made of what node_exporter and Belfry say. */
const GALLERY_RULES = [
  {
    record: 'things',
    expr: [
      'label_replace(100 * sum by (mode) (rate(node_cpu_seconds_total{mode="user"}[30s])), "device", "a", "", "")',
      'label_replace(100 * sum by (mode) (rate(node_cpu_seconds_total{mode="system"}[30s])), "device", "b", "", "")',
      'label_replace(100 * sum by (mode) (rate(node_cpu_seconds_total{mode="idle"}[30s])), "device", "c", "", "")',
      'label_replace(100 * sum by (mode) (rate(node_cpu_seconds_total{mode="iowait"}[30s])), "device", "d", "", "")',
    ].join(' or '),
  },
  { record: 'load', expr: 'label_replace(node_load1, "host", "alpha", "", "")' },
  { record: 'load', expr: 'label_replace(node_load5, "host", "beta", "", "")' },
  { record: 'service_state', expr: '2 * up' },
  {
    record: 'x_bucket',
    expr: 'sum by (le) (http_request_duration_seconds_bucket) or sum by (le) (belfry_http_request_duration_seconds_bucket)',
  },
];

/** The guide's rules, with waiting times of seconds. */
function writeRules(folder: string): void {
  fs.mkdirSync(path.join(folder, 'alerts'), { recursive: true });
  for (const name of fs.readdirSync(path.join(guide, 'alerts'))) {
    const file = parse(fs.readFileSync(path.join(guide, 'alerts', name), 'utf8')) as {
      groups: { interval?: string; rules: { for?: string }[] }[];
    };
    for (const group of file.groups) {
      group.interval = '5s';
      for (const rule of group.rules) if (rule.for !== undefined) rule.for = '15s';
    }
    fs.writeFileSync(path.join(folder, 'alerts', name), stringify(file));
  }
  const gallery = { groups: [{ name: 'gallery', interval: '5s', rules: GALLERY_RULES }] };
  fs.writeFileSync(path.join(folder, 'alerts/gallery.yml'), stringify(gallery));
}

/** @param dashboards files beside those of the guide and the gallery of all panels */
export async function startSite(
  stack: AsyncDisposableStack,
  { dashboards = [], port }: { readonly dashboards?: readonly string[]; readonly port?: number } = {},
): Promise<Site> {
  const folder = temporaryFolder('site');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const [app, node, sink] = await Promise.all([
    startFakeApp(stack),
    startNodeExporter(stack),
    startSink(stack),
  ]);
  app.traffic = { ok: 50, failing: 6, slow: 10 };
  writeRules(folder);
  const boards = { gallery: GALLERY, options: OPTIONS, 'more-options': MORE_OPTIONS };
  for (const [name, json] of Object.entries(boards))
    fs.writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(json));
  const own = port ?? (await freePort());
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    stringify({
      global: { scrape_interval: '5s', scrape_timeout: '4s', evaluation_interval: '5s' },
      rule_files: ['alerts/*.yml'],
      dashboards: [
        path.join(guide, 'dashboards/*.json'),
        path.join(root, 'examples/self/dashboard.json'),
        path.join(folder, '*.json'),
        ...dashboards,
      ],
      scrape_configs: [
        { job_name: 'node', static_configs: [{ targets: [node] }] },
        { job_name: 'backend', static_configs: [{ targets: [app.address] }] },
        { job_name: 'belfry', static_configs: [{ targets: [`127.0.0.1:${own}`] }] },
        { job_name: 'redis', static_configs: [{ targets: ['127.0.0.1:1'] }] },
        {
          job_name: 'canary',
          static_configs: [{ targets: ['canary.example.com:9100'] }],
          relabel_configs: [{ source_labels: ['__address__'], regex: 'canary.*', action: 'drop' }],
        },
      ],
      route: {
        receiver: 'default',
        group_by: ['alertname'],
        group_wait: '2s',
        group_interval: '10s',
        routes: [{ matchers: ['team = "backend"'], receiver: 'backend-team' }],
      },
      receivers: [
        { name: 'default', webhook_configs: [{ url: `${sink.url}/default` }] },
        {
          name: 'backend-team',
          slack_configs: [{ api_url: `${sink.url}/slack`, channel: '#backend-alerts' }],
          webhook_configs: [{ url: 'http://127.0.0.1:1/nobody' }],
        },
      ],
      status_page: {
        title: 'The site',
        services: [
          { name: 'Host', expr: 'up{job="node"}' },
          { name: 'Backend', group: 'For customers', matchers: ['job="backend"'] },
          { name: 'Cache', group: 'For customers', expr: 'up{job="redis"}' },
        ],
      },
      inhibit_rules: [
        {
          source_matchers: ['severity = "critical"'],
          target_matchers: ['severity = "warning"'],
          equal: ['job'],
        },
      ],
    }),
  );
  const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data'), port: own });
  return { belfry, app, folder };
}
