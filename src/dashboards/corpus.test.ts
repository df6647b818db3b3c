import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { PanelModel } from './model.ts';
import { parseDashboard } from './parse.ts';

/** Public dashboards that may lie beside the project; they are read in place. */
const CORPUS = resolve(import.meta.dirname, '../../../shared/dashboards');
const hasCorpus = existsSync(CORPUS);
if (!hasCorpus) console.warn(`${CORPUS} is not there: public dashboards are NOT tried`);

const panelsOf = (panels: readonly PanelModel[]): PanelModel[] =>
  panels.flatMap((panel) => (panel.type === 'row' ? panelsOf(panel.panels ?? []) : [panel]));

test.skipIf(!hasCorpus)('public dashboards are taken in, nearly all of their panels as authored', () => {
  const files = readdirSync(CORPUS).filter((file) => file.endsWith('.json'));
  const counts = { dashboards: 0, panels: 0, supported: 0, clean: 0, ofOtherSources: 0 };
  const notes = new Map<string, number>();
  for (const file of files) {
    const model = parseDashboard(JSON.parse(readFileSync(join(CORPUS, file), 'utf8')), file);
    counts.dashboards++;
    for (const panel of panelsOf(model.panels)) {
      const warnings = panel.warnings ?? [];
      if (warnings.some((text) => text.startsWith('This panel needs the data source'))) {
        counts.ofOtherSources++;
        continue;
      }
      counts.panels++;
      if (!panel.unsupported) counts.supported++;
      if (!panel.unsupported && warnings.length === 0) counts.clean++;
      for (const text of warnings) notes.set(text, (notes.get(text) ?? 0) + 1);
    }
  }
  console.log(counts, Object.fromEntries(notes));
  expect(counts.dashboards).toBe(files.length);
  expect(counts.panels).toBeGreaterThan(1000);
  expect(counts.supported / counts.panels).toBeGreaterThanOrEqual(0.98);
  expect(counts.clean / counts.panels).toBeGreaterThanOrEqual(0.9);
});
