import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureWeb } from '../../scripts/build-web.ts';
import type { Scenario } from './fake-api.ts';
import { startFakeServer } from './server.ts';

/** `node web/dev/main.ts [--scenario busy|calm|empty|broken] [--port 9799]`: the page with made-up data behind it. */
const { values } = parseArgs({
  options: { scenario: { type: 'string', default: 'busy' }, port: { type: 'string', default: '9799' } },
});
await ensureWeb();
const server = await startFakeServer({
  webDir: join(resolve(import.meta.dirname, '../..'), 'dist/web'),
  scenario: values.scenario as Scenario,
  port: Number(values.port),
});
console.log(`${server.url} (${values.scenario})`);
