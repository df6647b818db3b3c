import { existsSync, globSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { checkLanguages } from '../cli/languages.ts';
import { readRuleFiles } from '../cli/rule-files.ts';
import { labelsFromObject } from '../model/labels.ts';
import { expandRuleTemplates } from '../templates/rule-expander.ts';

const root = resolve(import.meta.dirname, '../..');
const folders = [
  { name: 'the guide', files: resolve(root, 'examples/guide/alerts/*.yml'), alerts: 15 },
  { name: 'the community', files: resolve(root, '../shared/rules/*.yml'), alerts: 280 },
];

test.each(folders)('every text of the rules of $name renders', ({ files, alerts }) => {
  const found = globSync(files);
  if (found.length === 0) {
    expect(existsSync(resolve(files, '..'))).toBe(false);
    console.warn(`skipped: no rules at ${files}`);
    return;
  }
  const groups = readRuleFiles(found, 60_000, { cwd: root, ...checkLanguages(() => 0) });
  const series = labelsFromObject({ __name__: 'm', job: 'j', instance: 'i:1', name: 'n' });
  let rendered = 0;
  for (const rule of groups.flatMap((group) => group.rules)) {
    if (rule.kind !== 'alert') continue;
    rendered++;
    const expand = expandRuleTemplates(
      {
        at: 0,
        alertname: rule.alert,
        labels: rule.labels,
        annotations: rule.annotations,
        externalLabels: {},
        externalUrl: 'http://belfry.example',
      },
      () => [{ labels: series, value: 1 }],
    );
    const { expandedLabels, expandedAnnotations } = expand(series, 12.5);
    for (const text of [...Object.values(expandedLabels), ...Object.values(expandedAnnotations)]) {
      expect(text, rule.alert).not.toMatch(/error expanding template|\{\{|%!/);
    }
  }
  expect(rendered).toBeGreaterThanOrEqual(alerts);
});
