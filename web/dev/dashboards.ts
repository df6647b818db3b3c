import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { createDashboardStore } from '../../src/dashboards/store.ts';
import { dashboardRoutes } from '../../src/http/dashboards.ts';
import type { Log } from '../../src/model/log.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { GALLERY, OPTIONS } from './gallery.ts';
import { MORE_OPTIONS } from './gallery-more.ts';
import type { FetchApp } from './server.ts';

const quiet: Log = { debug() {}, info() {}, warn() {}, error: console.error, child: () => quiet };

/** The real dashboard routes over an empty store, with the example dashboards that lie beside the project if they do. */
export async function fakeDashboards(): Promise<FetchApp> {
  const examples = resolve(import.meta.dirname, '../../../shared');
  const db = openDatabase(join(mkdtempSync(join(tmpdir(), 'belfry-page-')), 'state.db'), {
    addon: undefined,
  });
  const files = existsSync(examples)
    ? [join(examples, 'guide/files/dashboards/*.json'), join(examples, 'dashboards/*.json')]
    : [];
  const dashboards = createDashboardStore({ files, db, clock: systemClock, log: quiet });
  await dashboards.load();
  dashboards.put(GALLERY);
  dashboards.put(OPTIONS);
  dashboards.put(MORE_OPTIONS);
  return dashboardRoutes({ dashboards });
}
