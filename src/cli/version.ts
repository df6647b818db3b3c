import { PROMETHEUS_LEVEL, VERSION } from '../version.ts';

/** First line in upstream's shape, then what it runs on. */
export function versionText(): string {
  return [
    `belfry, version ${VERSION}`,
    `  prometheus:       ${PROMETHEUS_LEVEL} (API and PromQL)`,
    `  node:             ${process.version}`,
    `  platform:         ${process.platform}/${process.arch}`,
    '',
  ].join('\n');
}
