import os from 'node:os';
import path from 'node:path';
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../clock.ts';
import type { HttpClientConfig } from '../config/http-client.ts';
import { metricFamilies } from '../exposition/metric-family-writer.ts';
import { readFormats } from '../exposition/remote/read-formats.ts';
import type { Queryable } from '../model/queryable.ts';
import { loadAddon } from '../platform.ts';
import type { SenderInit } from '../remote/protocol.ts';
import { expandRuleTemplates } from '../templates/rule-expander.ts';
import { openQueryable } from '../tsdb/open-queryable.ts';
import { createInventory } from '../tsdb/partition/inventory.ts';
import type { StorageInit } from '../tsdb/protocol.ts';
import type { StoreShared } from '../tsdb/queryable.ts';
import { createStorageService } from '../tsdb/storage-service.ts';
import { damageTeller } from './damage-teller.ts';
import { freedMemoryReturner, keepReturning, processCpuMs } from './freed-memory.ts';
import { keptExpressions } from './kept-expressions.ts';
import { keptMemory, RULES_KEEP } from './kept-memory.ts';
import type { EngineSettings, QueryLimits, ServeMessage } from './protocol.ts';
import { serveRules } from './rule-service.ts';
import { serveQueries } from './service.ts';

/** What `queries` and `rules` need to start. */
export interface LaneInit {
  readonly shared: StoreShared;
  readonly settings: EngineSettings;
  readonly limits: QueryLimits;
  /** Asked for rules instead of the store. */
  readonly engine?: EngineInit | undefined;
}

/** Another engine, and how it is asked. */
export interface EngineInit {
  readonly url: string;
  readonly config: HttpClientConfig;
  readonly userAgent: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly maxBytes: number;
}

/** What expressions are evaluated with. */
export interface EvaluationParts extends Pick<LaneInit, 'settings' | 'limits'> {
  readonly queryable: Queryable;
}

/** The same for people's queries, with the words the pool steers them by. */
interface InteractiveLaneInit extends LaneInit {
  readonly control: Int32Array<SharedArrayBuffer>;
}

/** How far people's queries stand behind scraping, rules and notifications where a core is wanted by both: about a third to one. */
const NICENESS = 5;

/** Of the queries that stay parsed: those of a dozen dashboards. */
const KEPT_QUERY_CHARACTERS = 32 * 1024;

/** On Linux this is the thread's own priority, not the process'. */
function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    os.setPriority(0, Math.min(os.getPriority(0) + NICENESS, 19));
  } catch {
    // A sandbox may forbid it; then queries are answered all the same.
  }
}

/** Hardly any thread gets to it. */
const seldom = () => import('./seldom-services.ts');

/** Loaded with the first service: the thread may be there before it is known where the addon lies. */
let loadedAddon: { readonly exports: object | undefined } | undefined;

const damaged = damageTeller((message) => parentPort!.postMessage(message), systemClock);

/** The root of every worker thread: runs the services main asks for, each on its own port. */
parentPort!.on('message', async ({ service, port, addonFile, init }: ServeMessage) => {
  loadedAddon ??= { exports: loadAddon(addonFile) };
  const addon = loadedAddon.exports;
  switch (service) {
    case 'storage':
      createStorageService(port, init as StorageInit, { clock: systemClock, addon });
      keepReturning({
        clock: systemClock,
        returnFreed: freedMemoryReturner(addonFile && path.dirname(addonFile)),
        cpuMs: processCpuMs,
      });
      break;
    case 'queries': {
      giveWay();
      const { shared, settings, limits, control } = init as InteractiveLaneInit;
      const keeps = keptMemory(limits);
      const queryable = openQueryable(shared, { addon, visibility: 'committed', damaged, keeps });
      const blocks = createInventory(shared.dir, addon);
      const readExpr = keptExpressions(KEPT_QUERY_CHARACTERS);
      const families = metricFamilies;
      const { headSpan } = queryable;
      const source = { queryable, settings, readExpr, readFormats, families, blocks, headSpan };
      serveQueries(port, control, source, systemClock.monotonic);
      break;
    }
    case 'pulse':
      port.on('message', (beat) => port.postMessage(beat));
      break;
    case 'backup':
      (await seldom()).serveBackups(port, addon);
      break;
    case 'import':
      (await seldom()).serveImport(port, init as StoreShared, addon);
      break;
    case 'rehearse': {
      giveWay();
      const { shared, settings, limits } = init as LaneInit;
      const keeps = keptMemory(limits);
      const queryable = openQueryable(shared, { addon, visibility: 'committed', damaged, keeps });
      (await seldom()).serveRehearsal(port, { queryable, settings, limits });
      break;
    }
    case 'remote-write':
      (await seldom()).serveSender(port, init as SenderInit, addon);
      break;
    case 'rules': {
      const { shared, settings, limits, engine } = init as LaneInit;
      if (engine) {
        (await seldom()).serveEngineRules(port, engine);
        break;
      }
      const queryable = openQueryable(shared, { addon, visibility: 'appended', damaged, keeps: RULES_KEEP });
      serveRules(port, {
        queryable,
        settings,
        limits,
        expand: expandRuleTemplates,
        monotonic: systemClock.monotonic,
      });
      break;
    }
  }
});
