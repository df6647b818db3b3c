import type { SourceId } from '../block.ts';
import type { Head } from '../head/head.ts';
import { NO_SLOT } from '../index/layout.ts';
import type { DefinitionSink } from './definitions.ts';

/** Series noted between two yields: a millisecond or two of main. */
const SERIES_PER_STEP = 500;

/** Notes all that a start must know of a head, series in order of their refs. Yields now and then, where there are many. */
export function* noteDefinitions(head: Head, definitions: DefinitionSink): Generator<void> {
  definitions.counters(head.counters.ref, head.counters.source);
  for (const source of head.sources()) if (source.isNeeded) definitions.source(source.id, source.key);
  for (const [metric, metadata] of head.metadata) definitions.metadata(metric, metadata);
  const { index } = head;
  for (let series = 0; series < index.count; series++) {
    const slot = index.slotOf(series);
    definitions.series({
      ref: index.refOf(series),
      source: head.places[index.sourceOf(series)]?.id ?? (0 as SourceId),
      labels: index.labelsOf(series),
      slot: slot === NO_SLOT ? undefined : slot,
    });
    if (series % SERIES_PER_STEP === SERIES_PER_STEP - 1) yield;
  }
}
