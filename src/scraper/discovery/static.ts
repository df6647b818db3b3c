import type { StaticConfig } from '../../config/discovery/discovery.ts';
import type { TargetGroup } from './discoverer.ts';

/** Targets that the configuration itself names. */
export function staticGroups(configs: readonly StaticConfig[]): TargetGroup[] {
  return configs.map(({ targets, labels }, index) => ({
    source: String(index),
    targets: targets.map((address) => ({ __address__: address })),
    labels,
  }));
}
