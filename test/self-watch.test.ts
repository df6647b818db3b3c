import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually, runToEnd, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { startSink } from './harness/peers.ts';

const shipped = path.resolve(import.meta.dirname, '../examples/self');
const texts = ['alerts.yml', 'dashboard.json'].map((name) =>
  fs.readFileSync(path.join(shipped, name), 'utf8'),
);
const NAMED = [...new Set(texts.join().match(/\b(?:belfry|process)_\w+/g))].filter(
  (name) => name !== 'belfry_self',
);

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly state: string;
  readonly lastError?: string;
}

test('the shipped alerts and dashboard live by metrics that a running Belfry has; a refused reload is noticed', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('self');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const sink = await startSink(stack);
  const config = path.join(folder, 'belfry.yaml');
  const text = `global: { scrape_interval: 1s, evaluation_interval: 1s }
self: {}
rule_files: ['${shipped}/alerts.yml', none.yml]
dashboards: ['${shipped}/dashboard.json']
backup: { schedule: '0 3 * * *' }
route: { receiver: sink }
receivers: [{ name: sink, webhook_configs: [{ url: '${sink.url}/' }] }]
`;
  fs.writeFileSync(config, text);
  const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });

  await eventually(
    'it has scraped itself',
    async () => (await belfry.query('count_over_time(up[1h])'))[0]!.value > 2,
  );
  expect(NAMED.length).toBeGreaterThan(20);
  for (const name of NAMED) {
    const [found] = await belfry.query(`count(last_over_time({__name__="${name}",job="belfry"}[1h]))`);
    expect([name, (found?.value ?? 0) > 0]).toEqual([name, true]);
  }

  const rules = async () =>
    (await belfry.get<{ data: { groups: { rules: Rule[] }[] } }>('/api/v1/rules')).data.groups.flatMap(
      (group) => group.rules,
    );
  const evaluated = await eventually('all rules are evaluated', async () => {
    const now = await rules();
    return now.every(({ health }) => health !== 'unknown') && now;
  });
  // On a busy machine some may be pending, and rightly so.
  expect(evaluated.filter(({ health, state }) => health !== 'ok' || state === 'firing')).toEqual([]);
  expect(evaluated).toHaveLength(9);

  type Panels = { panels: { targets: { expr: string }[]; unsupported?: boolean; warnings?: string[] }[] };
  const { panels } = await belfry.get<Panels>('/api/dashboards/belfry-self');
  expect(panels.filter((panel) => panel.unsupported || panel.warnings?.length)).toEqual([]);
  for (const { expr } of panels.flatMap((panel) => panel.targets)) {
    const drawn = async (): Promise<boolean> => (await belfry.query(expr)).length > 0;
    await eventually(`something is drawn for ${expr}`, drawn);
  }

  // What check says of the file is what status says of the configuration in use.
  const checked = runToEnd(['check', config]);
  expect([checked.status, checked.stderr]).toEqual([0, expect.stringContaining('none.yml')]);
  const status = async () =>
    (
      await belfry.get<{ config: { isSuccessful: boolean; problem: string | null; warnings: string[] } }>(
        '/api/status',
      )
    ).config;
  expect((await status()).warnings).toHaveLength(1);
  expect(checked.stderr.replace('warning: ', '')).toContain((await status()).warnings[0]);

  fs.writeFileSync(config, `${text}no_such_key: 1\n`);
  const refused = runToEnd(['reload', '--url', belfry.url]);
  expect([refused.status, await status()]).toMatchObject([1, { isSuccessful: false }]);
  expect(runToEnd(['check', config]).stderr).toContain((await status()).problem!.split('\n')[0]);
  const pending = async () =>
    (await rules()).some(({ name, state }) => name === 'BelfryConfigurationRefused' && state === 'pending');
  await eventually('the alert about it is pending', pending);
});
