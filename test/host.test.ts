import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';

const rules = path.resolve(import.meta.dirname, '../examples/guide/alerts/infrastructure.yml');

interface RuleFile {
  groups: { rules: { alert: string; expr: string }[] }[];
}

test("the guide's infrastructure rules see this host without any exporter", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('host');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(config, `global: {scrape_interval: 1s}\nhost: {}\nrule_files: ['${rules}']\n`);
  const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  await eventually(
    'a rate can be computed',
    async () => (await belfry.query('rate(node_cpu_seconds_total[1m])')).length > 0,
  );

  const { groups } = parse(fs.readFileSync(rules, 'utf8')) as RuleFile;
  for (const { alert, expr } of groups.flatMap((group) => group.rules)) {
    if (alert === 'ContainerRestarting') continue; // of cAdvisor, not of the host
    const [sample] = await belfry.query(expr.replace(/[<>]\s*[\d.]+\s*$/, ''));
    expect(sample?.value, `${alert}: ${expr}`).toBeGreaterThanOrEqual(0);
    expect(sample?.value, `${alert}: ${expr}`).toBeLessThanOrEqual(100);
    expect(sample?.metric.instance).toBeTruthy();
  }
  for (const name of [
    'node_load1',
    'node_boot_time_seconds',
    'node_uname_info',
    'node_disk_read_bytes_total',
    'node_network_receive_bytes_total',
  ]) {
    expect((await belfry.query(name)).length, name).toBeGreaterThan(0);
  }
});
