/** Runs the appliance from a checkout: builds the page when it is missing or older than its sources, then does what `belfry` does. */
import { ensureWeb } from './build-web.ts';

await ensureWeb();
await import('../src/main.ts');
