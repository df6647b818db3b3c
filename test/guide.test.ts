import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import {
  type Appliance,
  eventually,
  freePort,
  pause,
  startAppliance,
  temporaryFolder,
} from './harness/appliance.ts';
import {
  CHROMIUM,
  hasChromium,
  hasNodeExporter,
  startFakeApp,
  startNodeExporter,
  startSink,
  startSmtp,
} from './harness/peers.ts';

const guide = path.resolve(import.meta.dirname, '../examples/guide');

interface Rule {
  alert: string;
  for: string;
}
interface RuleFile {
  groups: { name: string; interval?: string; rules: Rule[] }[];
}
/** The parts of the guide's two configuration files that the test fills in. */
interface GuideConfig {
  global: Record<string, unknown>;
  alerting?: unknown;
  scrape_configs: { job_name: string; static_configs?: { targets: string[] }[] }[];
  templates: string[];
  route: Record<string, unknown>;
  receivers: {
    name: string;
    slack_configs?: { api_url: string }[];
    webhook_configs?: { url: string }[];
    pagerduty_configs?: { service_key?: string; routing_key?: string; url?: string }[];
  }[];
  inhibit_rules: Record<string, unknown>[];
}

const read = <T>(name: string): T => parse(fs.readFileSync(path.join(guide, name), 'utf8')) as T;

/**
 * The guide's own files as one configuration: only addresses and keys are filled in, waiting times shortened, and one inhibit rule
 * added (the guide's compares the alert's name, so a critical alert never matches a warning of another name).
 */
function configFromGuide(
  folder: string,
  addresses: { app: string; node: string; sink: string; smtp: string },
): string {
  const prometheus = read<GuideConfig>('prometheus.yml');
  const alertmanager = read<GuideConfig>('alertmanager.yml');
  for (const job of prometheus.scrape_configs) {
    if (job.job_name === 'backend') job.static_configs = [{ targets: [addresses.app] }];
    if (job.job_name === 'node') job.static_configs = [{ targets: [addresses.node] }];
  }
  const kept = new Set(['backend', 'node']);
  prometheus.scrape_configs = prometheus.scrape_configs.filter((job) => kept.has(job.job_name));
  prometheus.global = { ...prometheus.global, scrape_interval: '1s', evaluation_interval: '1s' };
  delete prometheus.alerting;

  fs.mkdirSync(path.join(folder, 'alerts'), { recursive: true });
  for (const name of fs.readdirSync(path.join(guide, 'alerts'))) {
    const file = read<RuleFile>(`alerts/${name}`);
    for (const group of file.groups) {
      group.interval = '1s';
      for (const rule of group.rules) if (rule.for !== undefined) rule.for = '3s';
    }
    fs.writeFileSync(path.join(folder, 'alerts', name), stringify(file));
  }
  fs.cpSync(path.join(guide, 'templates'), path.join(folder, 'templates'), { recursive: true });

  alertmanager.global = {
    ...alertmanager.global,
    smtp_smarthost: addresses.smtp,
    smtp_require_tls: false,
  };
  alertmanager.templates = ['templates/*.tmpl'];
  alertmanager.route = { ...alertmanager.route, group_wait: '1s', group_interval: '2s' };
  for (const receiver of alertmanager.receivers) {
    for (const slack of receiver.slack_configs ?? []) slack.api_url = `${addresses.sink}/slack`;
    // The first version of PagerDuty's API (service_key) has one fixed address outside of this host.
    for (const pagerduty of receiver.pagerduty_configs ?? []) {
      pagerduty.routing_key = pagerduty.service_key;
      delete pagerduty.service_key;
      pagerduty.url = `${addresses.sink}/pagerduty`;
    }
    for (const webhook of receiver.webhook_configs ?? []) webhook.url = `${addresses.sink}/default`;
    if (receiver.name === 'backend-team') receiver.webhook_configs = [{ url: `${addresses.sink}/backend` }];
  }
  alertmanager.inhibit_rules.push({
    source_match: { severity: 'critical' },
    target_match: { severity: 'warning' },
    equal: ['job'],
  });
  const file = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    file,
    stringify({ ...prometheus, ...alertmanager, global: { ...prometheus.global, ...alertmanager.global } }),
  );
  return file;
}

interface WebhookPayload {
  version: string;
  status: string;
  receiver: string;
  groupLabels: Record<string, string>;
  alerts: { status: string; labels: Record<string, string>; annotations: Record<string, string> }[];
}

interface AlertList {
  data: { alerts: { labels: Record<string, string>; state: string; activeAt: string; value: string }[] };
}

async function alertState(appliance: Appliance, name: string) {
  const { data } = await appliance.get<AlertList>('/api/v1/alerts');
  return data.alerts.find((alert) => alert.labels.alertname === name);
}

test.skipIf(!hasNodeExporter)(
  "the guide's files run a site: an error rate rises, people are told once, a kill -9 loses nothing, and it ends",
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('guide');
    stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const [app, node, sink, smtp] = await Promise.all([
      startFakeApp(stack),
      startNodeExporter(stack),
      startSink(stack),
      startSmtp(stack),
    ]);
    const config = configFromGuide(folder, { app: app.address, node, sink: sink.url, smtp: smtp.address });
    const data = path.join(folder, 'data');
    const port = await freePort();
    const payloads = (at: string): WebhookPayload[] =>
      sink.received
        .filter((request) => request.path.startsWith(at))
        .map((request) => JSON.parse(request.body));
    const told = (status: string, name: string): WebhookPayload[] =>
      payloads('/backend').filter(
        (payload) =>
          payload.status === status && payload.alerts.some((alert) => alert.labels.alertname === name),
      );

    // Where the machine is slow, other alerts of that team may fire as well.
    const mailsOf = (name: string) =>
      smtp.mails.filter(
        (m) =>
          m.to[0] === 'backend-team@boardroom.com' && m.raw.includes(`Subject: Boardroom Alert: ${name}`),
      );

    let belfry = await startAppliance(stack, { config, data, port });
    await eventually(
      'both targets are up',
      async () => (await belfry.query('count(up == 1)'))[0]?.value === 2,
    );
    await eventually(
      'a rate can be computed',
      async () =>
        (await belfry.query('sum(rate(http_requests_total[5m])) by (job)'))[0]?.metric.job === 'backend',
    );
    expect((await belfry.query('node_uname_info'))[0]?.metric.nodename).toBeTruthy();

    app.traffic = { ok: 50, failing: 25, slow: 40 };
    const pending = await eventually('HighErrorRate is pending', () => alertState(belfry, 'HighErrorRate'));
    await eventually(
      'HighErrorRate fires',
      async () => (await alertState(belfry, 'HighErrorRate'))?.state === 'firing',
    );

    const [first] = await eventually('the webhook was called', async () => {
      const found = told('firing', 'HighErrorRate');
      return found.length > 0 ? found : undefined;
    });
    expect(first).toMatchObject({
      version: '4',
      status: 'firing',
      receiver: 'backend-team',
      groupLabels: { alertname: 'HighErrorRate' },
    });
    const [alert] = first!.alerts;
    expect(alert!.labels).toMatchObject({
      alertname: 'HighErrorRate',
      job: 'backend',
      severity: 'critical',
      team: 'backend',
      environment: 'production',
      region: 'us-east-1',
    });
    expect(alert!.annotations.summary).toBe('High error rate detected on backend');
    expect(alert!.annotations.description).toMatch(/^Error rate is \d+(\.\d+)?% for backend$/);

    const mail = await eventually('the mail came', async () => mailsOf('HighErrorRate')[0]);
    expect(mail.raw.replaceAll('=\r\n', '')).toContain('High error rate detected on backend');
    await eventually('Slack was told', async () => payloads('/slack').length > 0);
    await eventually('PagerDuty was told', async () => payloads('/pagerduty').length > 0);

    await eventually(
      'SlowResponseTime fires too',
      async () => (await alertState(belfry, 'SlowResponseTime'))?.state === 'firing',
    );
    await pause(5000);
    expect(told('firing', 'SlowResponseTime')).toEqual([]);

    if (hasChromium) await seeInBrowser(belfry.url);

    const samplesBefore = (await belfry.query('count_over_time(up{job="backend"}[10m])'))[0]!.value;
    const activeAt = (await alertState(belfry, 'HighErrorRate'))!.activeAt;
    expect(activeAt).toBe(pending.activeAt);
    belfry.kill('SIGKILL');
    await belfry.ended;
    const killedAt = Date.now() / 1000;
    belfry = await startAppliance(stack, { config, data, port });
    expect((await belfry.query('count_over_time(up{job="backend"}[10m])'))[0]!.value).toBeGreaterThanOrEqual(
      samplesBefore,
    );
    const restored = await alertState(belfry, 'HighErrorRate');
    expect(restored).toMatchObject({ state: 'firing', activeAt });
    // Evaluated again, and past its group's next look.
    await eventually('it is evaluated for some seconds', async () => {
      const [last] = await belfry.query('timestamp(ALERTS{alertname="HighErrorRate",alertstate="firing"})');
      return last !== undefined && last.value > killedAt + 6;
    });
    expect((await alertState(belfry, 'HighErrorRate'))?.state).toBe('firing');
    expect(told('firing', 'HighErrorRate')).toHaveLength(1);
    expect(told('resolved', 'HighErrorRate')).toEqual([]);
    expect(mailsOf('HighErrorRate')).toHaveLength(1);

    app.traffic = { ok: 50, failing: 0, slow: 0 };
    app.burst(1_000_000);
    const [resolved] = await eventually('the end was told', async () => {
      const found = told('resolved', 'HighErrorRate');
      return found.length > 0 ? found : undefined;
    });
    expect(resolved!.alerts.every((a) => a.status === 'resolved')).toBe(true);
    expect(told('firing', 'HighErrorRate')).toHaveLength(1);

    belfry.kill('SIGTERM');
    expect(await belfry.ended).toEqual({ code: 0, signal: null });
  },
);

/** The page a person opens shows the alert, in words. */
async function seeInBrowser(url: string): Promise<void> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-sync',
    ],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 2400 } });
    page.setDefaultTimeout(120_000);
    const problems: string[] = [];
    const foreign: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on(
      'request',
      (request) =>
        request.url().startsWith(url) || request.url().startsWith('data:') || foreign.push(request.url()),
    );
    await page.goto(url);
    await page.getByText('HighErrorRate').first().waitFor();
    // Points stand on a grid of 15 s: what is younger than a step has none yet, and the page asks again every 3 s.
    await page.locator('canvas').first().waitFor();
    expect({ problems, foreign }).toEqual({ problems: [], foreign: [] });
  } finally {
    await browser.close();
  }
}
