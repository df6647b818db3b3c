import manifest from '../package.json' with { type: 'json' };

/** Of this program. */
export const VERSION: string = manifest.version;

/** The level of Prometheus whose API and language are spoken; clients choose their features by it. */
export const PROMETHEUS_LEVEL = '3.14.0';
