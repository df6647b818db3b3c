import fs from 'node:fs';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { httpTarget, sendPage } from '../src/testing/http-target.ts';
import { eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { CHROMIUM, hasChromium } from './harness/peers.ts';

if (!hasChromium) console.warn('hostile texts in the page are NOT tested: it needs Chromium');

/** Each calls `pwned` where it is taken for markup, script, an address or a template. */
const CORPUS = [
  '<img src=x onerror=pwned()>',
  '"><script>pwned()</script>',
  "'-pwned()-'",
  '</title></style></script></textarea><script>pwned()</script>',
  '<svg/onload=pwned()>',
  '<details open ontoggle=pwned()>',
  '<iframe srcdoc="<script>parent.pwned()</script>"></iframe>',
  '<a href="javascript:pwned()">click</a>',
  '[click](javascript:pwned())',
  '![x](x" onerror="pwned())',
  '<math><mtext></form><form><mglyph><style></math><img src onerror=pwned()>',
  '<noscript><p title="</noscript><img src=x onerror=pwned()>">',
  '<b style="background:url(javascript:pwned())">b</b>',
  '<base href="//evil.example/"><form action=javascript:pwned()><button>go</button></form>',
  '<meta http-equiv=refresh content="0;url=javascript:pwned()">',
  '&lt;img src=x onerror=pwned()&gt;',
  '\\u003cimg src=x onerror=pwned()\\u003e',
  '{{constructor.constructor("pwned()")()}}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is the attack
  '${pwned()}',
  'javascript:pwned()',
];
/** Seen where the page shows the texts. */
const MARK = 'mark-of-text';
const ALL = `${MARK} ${CORPUS.join(' ')}`;
const quoted = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"');
/** For rule templates, whose language has actions in `{{ }}`. */
const literal = ALL.replace(/\{\{/g, '{{"{{"}}');

const metrics = [
  `# HELP ${MARK.replace(/-/g, '_')} ${ALL.replace(/\\/g, '\\\\')}`,
  `# TYPE ${MARK.replace(/-/g, '_')} gauge`,
  ...CORPUS.map((text, i) => `${MARK.replace(/-/g, '_')}{i="${i}",text="${quoted(text)}"} ${i}`),
  `{"${quoted(ALL)}","${quoted(ALL)}"="x"} 1`,
  '',
].join('\n');

const target = { expr: MARK.replace(/-/g, '_'), legendFormat: `{{text}} ${ALL}`, refId: 'A' };
const kinds = [
  'timeseries',
  'stat',
  'gauge',
  'table',
  'bargauge',
  'piechart',
  'barchart',
  'state-timeline',
  'heatmap',
];
const dashboard = {
  uid: 'hostile',
  title: ALL,
  description: ALL,
  tags: CORPUS,
  schemaVersion: 39,
  links: [
    ...CORPUS.map((url) => ({ type: 'link', title: ALL, tooltip: ALL, url })),
    { type: 'dashboards', title: ALL, tags: [] },
  ],
  templating: {
    list: [
      {
        type: 'custom',
        name: 'custom',
        label: ALL,
        query: CORPUS.join(','),
        current: { text: CORPUS[0], value: CORPUS[0] },
      },
      { type: 'textbox', name: 'box', label: ALL, query: ALL, current: { text: ALL, value: ALL } },
      { type: 'query', name: 'asked', label: ALL, query: `label_values(${target.expr}, text)` },
    ],
  },
  panels: [
    { type: 'row', title: ALL, panels: [], gridPos: { x: 0, y: 0, w: 24, h: 1 } },
    ...kinds.map((type, i) => ({
      id: i + 1,
      type,
      title: `${ALL} $custom $box $asked`,
      description: ALL,
      gridPos: { x: (i % 3) * 8, y: 1 + Math.floor(i / 3) * 6, w: 8, h: 6 },
      targets: [{ ...target, ...(type === 'table' && { instant: true, format: 'table' }) }],
      links: CORPUS.map((url) => ({ title: ALL, url })),
      fieldConfig: {
        defaults: {
          unit: ALL,
          displayName: type === 'stat' ? ALL : undefined,
          links: CORPUS.map((url) => ({ title: ALL, url })),
          mappings: [{ type: 'value', options: { 1: { text: ALL, color: ALL } } }],
          custom: { axisLabel: ALL },
          color: { mode: 'fixed', fixedColor: ALL },
        },
        overrides: [],
      },
    })),
    ...['markdown', 'html', 'code'].map((mode, i) => ({
      id: 50 + i,
      type: 'text',
      title: ALL,
      options: { mode, content: ALL },
      gridPos: { x: i * 8, y: 30, w: 8, h: 6 },
    })),
    { id: 60, type: ALL, title: ALL, gridPos: { x: 0, y: 40, w: 8, h: 4 } },
    { id: 61, type: 'alertlist', title: ALL, gridPos: { x: 8, y: 40, w: 8, h: 6 } },
    {
      id: 62,
      type: 'dashlist',
      title: ALL,
      options: { showSearch: true },
      gridPos: { x: 16, y: 40, w: 8, h: 6 },
    },
  ],
};

/** Markup that no text may become, whether a browser would run it or not; in the words of the browser. */
const HARMFUL = `(() => {
  const found = [];
  for (const element of document.querySelectorAll('*')) {
    const name = element.localName;
    if (['iframe', 'object', 'embed', 'base', 'math'].includes(name)) found.push(name);
    if (name === 'script' && !element.src) found.push('script');
    for (const { name: attribute, value } of element.attributes) {
      if (/^on/i.test(attribute)) found.push(name + ' ' + attribute);
      if (/^(href|src|action|formaction|xlink:href|srcdoc)$/i.test(attribute)
        && !/^(https?:|mailto:|\\/|#|\\?|\\.|data:image\\/)/i.test(value.trim())) found.push(name + ' ' + attribute + '=' + value);
    }
  }
  return found;
})()`;
/** Opens whatever opens on demand, one after the other, and tells what is harmful while it is open. */
const OPENED = `(async () => {
  const found = [];
  for (const element of document.querySelectorAll('summary, [aria-expanded="false"]')) {
    if (!element.checkVisibility()) continue;
    element.click();
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    found.push(...${HARMFUL});
  }
  return found;
})()`;
const SHOWN = `document.body.innerText + [...document.querySelectorAll('input,textarea')].map((field) => field.value).join(' ')`;
const harmful = (page: Page): Promise<string[]> => page.evaluate(HARMFUL);

test.skipIf(!hasChromium)(
  'texts from targets, rules, silences, marks and dashboards are shown as text on every page, and never run',
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('xss');
    stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const app = stack.use(await httpTarget((_, response) => sendPage(response, metrics)));
    const config = path.join(folder, 'belfry.yaml');
    fs.mkdirSync(path.join(folder, 'dashboards'));
    fs.writeFileSync(path.join(folder, 'dashboards', 'hostile.json'), JSON.stringify(dashboard));
    fs.writeFileSync(
      config,
      JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s', metric_name_validation_scheme: 'utf8' },
        self: {},
        host: {},
        scrape_configs: [
          { job_name: ALL, static_configs: [{ targets: [app.address], labels: { text: ALL } }] },
          { job_name: 'down', static_configs: [{ targets: ['127.0.0.1:1'], labels: { text: ALL } }] },
        ],
        groups: [
          {
            name: ALL,
            rules: [
              {
                alert: ALL,
                expr: 'vector(1)',
                labels: { text: literal, severity: literal },
                annotations: {
                  summary: literal,
                  description: literal,
                  runbook_url: 'javascript:pwned()',
                  dashboard: literal,
                },
              },
              {
                record: 'recorded',
                expr: `label_replace(vector(1), "text", "${quoted(quoted(ALL)).replace(/\$/g, '$$$$')}", "", "")`,
              },
              {
                alert: 'Fails',
                expr: 'label_replace(up, "a", "$1", "job", "(.*)") * on() group_left up',
                labels: { text: literal },
              },
            ],
          },
        ],
        route: { receiver: ALL, group_by: ['text'], group_wait: '1s' },
        receivers: [{ name: ALL, webhook_configs: [{ url: `http://${app.address}/hook` }] }],
        dashboards: [path.join(folder, 'dashboards', '*.json')],
        status_page: {
          title: ALL,
          description: ALL,
          services: [{ name: ALL, group: ALL, description: ALL, expr: 'vector(1)' }],
        },
      }),
    );
    const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
    const post = async (pathname: string, body: object): Promise<void> => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(belfry.url + pathname, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      expect([pathname, answer.ok, answer.ok || (await answer.text())]).toEqual([pathname, true, true]);
    };
    const matchers = [{ name: 'other', value: ALL, isRegex: false, isEqual: true }];
    const startsAt = new Date().toISOString();
    const endsAt = new Date(Date.now() + 3_600_000).toISOString();
    await post('/api/v2/silences', { matchers, startsAt, endsAt, createdBy: ALL, comment: ALL });
    await post('/api/v2/alerts', [
      { labels: { alertname: ALL, text: ALL }, annotations: { summary: ALL }, generatorURL: 'http://x/' },
    ]);
    await post('/api/annotations', { text: ALL, tags: CORPUS });
    for (const title of CORPUS)
      await post('/api/incidents', { title, isPublic: true, status: 'identified', text: ALL });
    await eventually(
      'alerts fire',
      async () => (await belfry.query('ALERTS{alertstate="firing"}')).length > 0,
    );
    await eventually('it is scraped', async () => (await belfry.query(target.expr)).length === CORPUS.length);

    await eventually('it is sent', async () => app.requests.some(({ url }) => url === '/hook'));

    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
    });
    stack.defer(() => browser.close());
    // Without the policy that would stop scripts anyhow: the page itself must be right.
    const context = await browser.newContext({ bypassCSP: true, viewport: { width: 1440, height: 3000 } });
    const ran: string[] = [];
    await context.exposeFunction('pwned', () => void ran.push('pwned'));
    const page = await context.newPage();
    const requested: string[] = [];
    page.on('request', (request) => requested.push(request.url()));
    page.on('dialog', (dialog) => void dialog.dismiss().then(() => ran.push('dialog')));

    const url = encodeURIComponent(ALL);
    const addresses: readonly (readonly [address: string, showsTexts: boolean])[] = [
      ['/', false],
      ['/alerts', true],
      ['/alerts?show=alerts', true],
      ['/alerts?show=silences', true],
      ['/alerts?show=sent', true],
      ['/alerts?show=groups', true],
      ['/alerts?show=incidents', true],
      ['/incidents/1', true],
      [`/alerts?filter=${url}&rule=${url}`, false],
      ['/targets', true],
      [`/graph?g0.expr=${target.expr}&g0.tab=1`, true],
      [`/graph?g0.expr=${target.expr}&g0.tab=0`, true],
      [`/graph?g0.expr=${url}`, false],
      ['/dashboards', true],
      [`/dashboards?search=${url}&tag=${url}`, false],
      ['/d/hostile/x', true],
      [`/d/hostile/x?var-custom=${url}&var-box=${url}&var-asked=${url}`, true],
      [`/d/hostile/x?viewPanel=4`, true],
      [`/d/${url}/${url}`, false],
      ['/status', false],
      ['/status-page', true],
      ['/access', false],
      [`/${url}`, false],
      ['/graph?g0.expr=up&g0.tab=0', false],
    ];
    const look = async (address: string, showsTexts: boolean): Promise<void> => {
      await page.goto(belfry.url + address);
      await page.waitForLoadState('networkidle').catch(() => {});
      const shown = (): Promise<string> => page.evaluate(SHOWN);
      if (showsTexts) await expect.poll(shown, { message: address }).toContain(MARK);
      // What opens on demand: parts of an alert, steps of a target, a menu of a panel, a tooltip.
      expect(await page.evaluate(OPENED), address).toEqual([]);
      for (const canvas of (await page.locator('canvas:visible').all()).slice(0, 4))
        await canvas.hover({ timeout: 1000, force: true }).catch(() => {});
      expect(await harmful(page), address).toEqual([]);
      expect(ran, address).toEqual([]);
    };
    for (const [address, showsTexts] of addresses) await look(address, showsTexts);

    await page.goto(`${belfry.url}/alerts?show=alerts`);
    const alert = await page.locator('a.alert-name').first().getAttribute('href');
    await look(alert!, true);

    expect(
      requested.filter((address) => !address.startsWith(belfry.url) && !address.startsWith('data:')),
    ).toEqual([]);
    // The test is able to fail.
    await page.evaluate(`document.body.innerHTML = ${JSON.stringify(ALL)}`);
    await expect.poll(() => ran.length).toBeGreaterThan(1);
    expect((await harmful(page)).length).toBeGreaterThan(5);
  },
);
