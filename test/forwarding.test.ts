import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import bcrypt from 'bcryptjs';
import { expect, test } from 'vitest';
import { hasOpenssl, testCertificate } from '../src/testing/certificate.ts';
import { eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { alertmanagerPeer, peer, startFakeApp } from './harness/peers.ts';

/** Alerts of own rules in Debian's Alertmanager, over TLS and with a password. */
const alertmanager = peer('prometheus-alertmanager');
const PASSWORD = 'tr0ub4dor';

interface PeerAlert {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly updatedAt: string;
  readonly generatorURL: string;
}

test.skipIf(!alertmanager.isThere || !hasOpenssl)(
  'an Alertmanager hears of alerts, before they expire, of their end, and of what still fires once it is back',
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('forward');
    stack.defer(() => fs.rmSync(folder, { recursive: true }));
    const certificate = stack.use(testCertificate('alertmanager.example'));
    const get = async (url: string): Promise<{ ok: boolean; body: string }> => {
      const headers = { authorization: `Basic ${Buffer.from(`belfry:${PASSWORD}`).toString('base64')}` };
      const request = https.get(url, { ca: certificate.cert, headers });
      const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
      let body = '';
      for await (const chunk of response) body += chunk;
      return { ok: response.statusCode === 200, body };
    };
    const theirs = await alertmanagerPeer(stack, folder, alertmanager, {
      scheme: 'https',
      config: `tls_server_config: {cert_file: ${certificate.certFile}, key_file: ${certificate.keyFile}}
basic_auth_users: {belfry: '${await bcrypt.hash(PASSWORD, 4)}'}
`,
      isReady: async (url) => (await get(url)).ok,
    });
    const app = await startFakeApp(stack);
    app.traffic = { ok: 50, failing: 50, slow: 0 };
    const config = path.join(folder, 'belfry.yaml');
    fs.writeFileSync(
      config,
      `global: {scrape_interval: 1s, evaluation_interval: 1s, external_labels: {site: north}}
alerting:
  alert_relabel_configs: [{regex: secret, action: labeldrop}]
  alertmanagers:
  - scheme: https
    basic_auth: {username: belfry, password: ${PASSWORD}}
    tls_config: {ca_file: ${certificate.certFile}, server_name: alertmanager.example}
    timeout: 2s
    static_configs: [{targets: ['${new URL(theirs.url).host}']}]
scrape_configs:
- job_name: app
  static_configs: [{targets: ['${app.address}']}]
groups:
- name: app
  rules:
  - alert: Failing
    expr: sum by (job) (rate(http_requests_total{status="500"}[5s])) > 1
    labels: {severity: page, secret: hidden}
    annotations: {summary: 'more than {{ $labels.job }} bears'}
  - alert: Always
    expr: vector(1)
`,
    );
    // Alerts expire after four times this: each must come again in time.
    const args = ['--rules.alert.resend-delay=1s'];
    const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data'), args });
    const active = async (): Promise<Map<string, PeerAlert>> => {
      const { body } = await get(`${theirs.url}/api/v2/alerts`);
      const alerts = JSON.parse(body) as PeerAlert[];
      return new Map(alerts.map((alert) => [alert.labels.alertname!, alert]));
    };
    const counted = async (name: string): Promise<number> => {
      const text = await (await fetch(`${belfry.url}/metrics`)).text();
      return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (.*)$`, 'm').exec(text)![1]);
    };
    // It is not there yet: nothing can be delivered, and nothing is lost that goes on firing.
    await eventually(
      'deliveries fail',
      async () => (await counted('belfry_alertmanager_alerts_failed_total')) > 0,
    );
    expect(await counted('belfry_alertmanager_alerts_sent_total')).toBe(0);

    await theirs.start();
    const first = await eventually('the alert arrives', async () => (await active()).get('Failing'));
    expect(first).toMatchObject({
      labels: { alertname: 'Failing', job: 'app', severity: 'page', site: 'north' },
      annotations: { summary: 'more than app bears' },
    });
    expect(first.labels).not.toHaveProperty('secret');
    expect(first.generatorURL).toContain('/graph?g0.expr=');
    // They agree on when it began.
    const { data } = await belfry.get<{
      data: { alerts: { labels: Record<string, string>; activeAt: string }[] };
    }>('/api/v1/alerts');
    const own = data.alerts.find(({ labels }) => labels.alertname === 'Failing')!;
    expect(Date.parse(first.startsAt)).toBe(Date.parse(own.activeAt));

    const later = await eventually('it is told again, past its first end', async () => {
      const now = (await active()).get('Failing')!;
      return Date.now() > Date.parse(first.endsAt) && now;
    });
    expect(Date.parse(later.endsAt)).toBeGreaterThan(Date.parse(first.endsAt));
    expect(later.startsAt).toBe(first.startsAt);

    await theirs.stop();
    const failed = await counted('belfry_alertmanager_alerts_failed_total');
    await eventually(
      'deliveries fail again',
      async () => (await counted('belfry_alertmanager_alerts_failed_total')) > failed,
    );
    // What ends meanwhile is told when it is back, as is what still fires.
    app.traffic = { ok: 50, failing: 0, slow: 0 };
    await eventually('the alert ends', async () => {
      const answer = await belfry.get<{ data: { alerts: { labels: Record<string, string> }[] } }>(
        '/api/v1/alerts',
      );
      return answer.data.alerts.every(({ labels }) => labels.alertname !== 'Failing');
    });
    await theirs.start();
    await eventually('what still fires arrives', async () => (await active()).has('Always'));
    expect([...(await active()).keys()]).toEqual(['Always']);

    app.traffic = { ok: 50, failing: 50, slow: 0 };
    await eventually('it fires anew', async () => (await active()).has('Failing'));
    app.traffic = { ok: 50, failing: 0, slow: 0 };
    // Told to be over, not expired: that takes four seconds.
    await eventually('it ends there too', async () => !(await active()).has('Failing'));
    expect(await counted('belfry_alertmanager_alerts_sent_total')).toBeGreaterThan(3);
    expect(await belfry.get('/api/v1/alertmanagers')).toMatchObject({
      data: { activeAlertmanagers: [{ url: `${theirs.url}/api/v2/alerts` }], droppedAlertmanagers: [] },
    });
  },
);

test.skipIf(!alertmanager.isThere)(
  'an Alertmanager that a changed file names is told of what fires; one that it names no longer, and one that relabelling drops, are not',
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('forward-files');
    stack.defer(() => fs.rmSync(folder, { recursive: true }));
    const [first, second] = await Promise.all(
      ['first', 'second'].map((name) => {
        const own = path.join(folder, name);
        fs.mkdirSync(own);
        return alertmanagerPeer(stack, own, alertmanager, {
          scheme: 'http',
          config: '{}\n',
          isReady: async (url) => (await fetch(url)).ok,
        });
      }),
    );
    await Promise.all([first!.start(), second!.start()]);
    const address = (of: { url: string }) => new URL(of.url).host;
    const list = path.join(folder, 'alertmanagers.yml');
    const name = (...targets: string[]): void =>
      fs.writeFileSync(list, `- targets: [${targets.map((target) => `'${target}'`).join(', ')}]\n`);
    name(address(first!), 'dropped:9093');
    const config = path.join(folder, 'belfry.yaml');
    fs.writeFileSync(
      config,
      `global: {evaluation_interval: 1s}
alerting:
  alertmanagers:
  - file_sd_configs: [{files: ['${list}']}]
    relabel_configs: [{source_labels: [__address__], regex: 'dropped:.*', action: drop}]
    alert_relabel_configs: [{target_label: by, replacement: file}]
groups: [{name: g, rules: [{alert: Always, expr: vector(1)}]}]
`,
    );
    const args = ['--rules.alert.resend-delay=1s'];
    const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data'), args });
    const updated = async (of: { url: string }): Promise<string | undefined> => {
      const alerts = (await (await fetch(`${of.url}/api/v2/alerts`)).json()) as PeerAlert[];
      const always = alerts.find(({ labels }) => labels.alertname === 'Always' && labels.by === 'file');
      return always?.updatedAt;
    };
    const shown = () =>
      belfry
        .get<{ data: Record<string, { url: string }[]> }>('/api/v1/alertmanagers')
        .then(({ data }) => data);
    await eventually('the first is told', () => updated(first!));
    expect(await shown()).toEqual({
      activeAlertmanagers: [{ url: `${first!.url}/api/v2/alerts` }],
      droppedAlertmanagers: [{ url: 'http://dropped:9093/api/v2/alerts' }],
    });
    expect(await updated(second!)).toBeUndefined();

    name(address(second!));
    await eventually('the second is told', () => updated(second!));
    expect(await shown()).toEqual({
      activeAlertmanagers: [{ url: `${second!.url}/api/v2/alerts` }],
      droppedAlertmanagers: [],
    });
    // What nobody repeats there ends by itself.
    await eventually('the first forgets', async () => !(await updated(first!)));
    await eventually('the second hears of it still', () => updated(second!));
    const metrics = await (await fetch(`${belfry.url}/metrics`)).text();
    expect(metrics).toContain(
      `belfry_alertmanager_alerts_sent_total{alertmanager="${second!.url}/api/v2/alerts"}`,
    );
    expect(metrics).not.toContain(`alertmanager="${first!.url}/api/v2/alerts"`);
  },
  600_000,
);
