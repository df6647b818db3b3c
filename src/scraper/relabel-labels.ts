import type { RelabelConfig } from '../config/relabel.ts';
import { eachLabel, type Labels, labelsOf } from '../model/labels.ts';
import { compileRelabel } from './relabel.ts';

/** Relabelling of whole label sets, undefined when there are no steps; the function gives undefined when they drop the set. */
export function relabelling(
  configs: readonly RelabelConfig[],
): ((labels: Labels) => Labels | undefined) | undefined {
  if (configs.length === 0) return undefined;
  const relabel = compileRelabel(configs);
  return (labels) => {
    const builder = new Map(eachLabel(labels));
    return relabel(builder) ? labelsOf(builder) : undefined;
  };
}
