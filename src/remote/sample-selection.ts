import type { Clock } from '../clock.ts';
import type { KeptLabels, SentSamples, WriteEncoder } from '../exposition/remote/write-encoder.ts';
import { isStaleAt, wordsOf } from '../model/sample.ts';
import type { PendingExemplars } from './pending-exemplars.ts';
import type { DropReason, EndpointSettings, Kind } from './protocol.ts';

/** Samples of one series, in the order of their times. */
type SeriesSamples = SentSamples & { readonly ref: number };

/** What a request holds so far. */
export interface Tally {
  readonly counts: Record<Kind, number>;
  /** The newest sample, Unix ms. */
  newest: number;
}

/** Decides which samples of a series go into a request, and counts those that do not. */
export interface SampleSelection {
  /** Puts into the request what is to be sent, with the exemplars that wait for a sample of the series. */
  add(labels: KeptLabels, samples: SeriesSamples, tally: Tally): void;
  /** Leaves out a series that relabelling drops. */
  drop(samples: SeriesSamples): void;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Exemplars of dropped series. */
  readonly droppedExemplars: number;
}

export function createSampleSelection(
  { queue_config, send_native_histograms }: EndpointSettings['config'],
  {
    encoder,
    exemplars,
    clock,
  }: {
    readonly encoder: Pick<WriteEncoder, 'add'>;
    readonly exemplars: PendingExemplars | undefined;
    readonly clock: Pick<Clock, 'now'>;
  },
): SampleSelection {
  const dropped: Record<DropReason, number> = { relabeled: 0, too_old: 0, unsent_kind: 0 };
  let droppedExemplars = 0;
  /** Series whose last sample was a histogram and not sent. */
  const unsent = new Set<number>();

  /** The first sample that is not too old. */
  const firstWanted = ({ timestamps }: SeriesSamples): number => {
    if (queue_config.sample_age_limit <= 0) return 0;
    const oldest = clock.now() - queue_config.sample_age_limit;
    let from = 0;
    while (from < timestamps.length && timestamps[from]! < oldest) from++;
    dropped.too_old += from;
    return from;
  };

  const addRun = (
    labels: KeptLabels,
    samples: SeriesSamples,
    from: number,
    end: number,
    { counts }: Tally,
  ): void => {
    const taken = exemplars?.take(samples.ref) ?? [];
    encoder.add(labels, samples, from, end, taken);
    counts.exemplars += taken.length;
  };

  /** Floats and histograms may stand in one series: runs of floats are sent. A marker that ends a histogram ends nothing there. */
  const addFloats = (labels: KeptLabels, samples: SeriesSamples, first: number, tally: Tally): void => {
    const { timestamps, values, histograms, ref } = samples;
    const words = wordsOf(values);
    const end = timestamps.length;
    for (let from = first; from < end; from++) {
      const isEnd = unsent.has(ref) && isStaleAt(words, from);
      if (histograms?.[from]) unsent.add(ref);
      else unsent.delete(ref);
      if (isEnd || histograms?.[from]) {
        dropped.unsent_kind++;
        continue;
      }
      let run = from + 1;
      while (run < end && !histograms?.[run]) run++;
      addRun(labels, samples, from, run, tally);
      tally.counts.samples += run - from;
      tally.newest = Math.max(tally.newest, timestamps[run - 1]!);
      from = run - 1;
    }
  };

  const addAll = (labels: KeptLabels, samples: SeriesSamples, from: number, tally: Tally): void => {
    const { timestamps, histograms } = samples;
    const end = timestamps.length;
    if (from === end) return;
    addRun(labels, samples, from, end, tally);
    tally.newest = Math.max(tally.newest, timestamps[end - 1]!);
    let native = 0;
    if (histograms) for (let i = from; i < end; i++) if (histograms[i]) native++;
    tally.counts.histograms += native;
    tally.counts.samples += end - from - native;
  };

  return {
    add(labels, samples, tally) {
      const from = firstWanted(samples);
      const isMixed = samples.histograms !== undefined || unsent.has(samples.ref);
      if (!send_native_histograms && isMixed) addFloats(labels, samples, from, tally);
      else addAll(labels, samples, from, tally);
    },
    drop({ ref, timestamps }) {
      dropped.relabeled += timestamps.length;
      droppedExemplars += exemplars?.take(ref).length ?? 0;
    },
    dropped,
    get droppedExemplars() {
      return droppedExemplars;
    },
  };
}
