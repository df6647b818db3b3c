import { ExpositionError } from '../exposition/exposition-error.ts';
import { OpenMetricsStream, STREAM_WINDOW_BYTES } from '../exposition/openmetrics-stream.ts';
import { METRIC_TYPES } from '../exposition/parser.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import type { SampleGatherer } from '../tsdb/import/gatherer.ts';
import { ImportError } from '../tsdb/import/import-error.ts';

/** How a file of gzip begins. */
const GZIP = [0x1f, 0x8b] as const;

/** A line of the text that cannot be imported. */
export class LineError extends Error {
  readonly line: number;
  constructor(line: number, problem: string) {
    super(problem);
    this.name = 'LineError';
    this.line = line;
  }
}

/** OpenMetrics text on its way into a gatherer, piece by piece, in a window of fixed size. */
export class TextImport {
  readonly #stream: OpenMetricsStream;
  readonly #window = new Uint8Array(STREAM_WINDOW_BYTES);
  #kept = 0;

  constructor(
    gatherer: Pick<SampleGatherer, 'series' | 'samples' | 'exemplars'>,
    metadata: (metric: string, part: Partial<MetricMetadata>) => void,
  ) {
    this.#stream = new OpenMetricsStream({
      series: (labels) => gatherer.series(labels),
      samples: (series, timestamps, values, count) => gatherer.samples(series, timestamps, values, count),
      exemplar: () => void gatherer.exemplars++,
      type: (family, type) => metadata(family, { type: METRIC_TYPES[type]! }),
      help: (family, help) => metadata(family, { help }),
      unit: (family, unit) => metadata(family, { unit }),
    });
  }

  /** Lines read so far. */
  get line(): number {
    return this.#stream.line;
  }

  /** Where the next bytes of the text go; never empty. */
  get room(): Uint8Array {
    return this.#window.subarray(this.#kept);
  }

  /** Reads what was put at the front of `room`; best when it was filled. @throws LineError */
  take(count: number, isLast: boolean): void {
    try {
      const length = this.#kept + count;
      if (this.line === 0 && this.#window[0] === GZIP[0] && this.#window[1] === GZIP[1])
        throw new LineError(1, 'expected OpenMetrics text, found what gzip has packed: unpack it first');
      const used = this.#stream.read(this.#window, length, isLast);
      this.#window.copyWithin(0, used, length);
      this.#kept = length - used;
    } catch (error) {
      if (error instanceof ExpositionError) throw new LineError(error.line, error.problem);
      if (error instanceof ImportError) throw new LineError(this.line - error.samplesAfter, error.message);
      throw error;
    }
  }
}
