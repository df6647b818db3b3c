import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { DROP_REASONS, type EndpointReport, KINDS, type SentCounts } from './protocol.ts';

const LABELS = ['remote_name', 'url'] as const;
type LabelNames = (typeof LABELS)[number] | 'reason';

export interface SenderMetrics {
  update(reports: readonly EndpointReport[]): void;
  /** The thread that counts begins anew: what it counted before stays counted. */
  restarted(): void;
}

/** Upstream's metrics of remote write, under our prefix. */
export function senderMetrics(registry: Registry): SenderMetrics {
  const registers = [registry];
  let reports: readonly EndpointReport[] = [];
  /** What the last report said of each counter, by its key. */
  let counted = new Map<string, number>();

  const counter = (name: string, help: string, labelNames: readonly LabelNames[] = LABELS) =>
    new Counter<LabelNames>({
      name: `belfry_remote_storage_${name}`,
      help,
      labelNames: [...labelNames],
      registers,
    });
  const gauge = (name: string, help: string, read: (report: EndpointReport) => number): void => {
    new Gauge<LabelNames>({
      name: `belfry_remote_storage_${name}`,
      help,
      labelNames: [...LABELS],
      registers,
      collect() {
        this.reset();
        for (const report of reports) this.set(labelsOf(report), read(report));
      },
    });
  };
  const byKind = KINDS.map((kind) => ({
    kind,
    sent: counter(`${kind}_total`, `Sent to remote storage: ${kind}.`),
    failed: counter(`${kind}_failed_total`, `Refused by remote storage for good: ${kind}.`),
    retried: counter(
      `${kind}_retried_total`,
      `Sent again because remote storage could not take them: ${kind}.`,
    ),
  }));
  const dropped = counter('samples_dropped_total', 'Samples that were not sent, by why.', [
    ...LABELS,
    'reason',
  ]);
  const droppedExemplars = counter('exemplars_dropped_total', 'Exemplars that were not sent.');
  const reread = counter(
    'samples_reread_total',
    'Samples read from partitions because remote storage was away for longer than the head keeps them.',
  );
  const bytes = counter('bytes_total', 'Bytes sent to remote storage, compressed.');
  const requests = counter('requests_total', 'Requests to remote storage, whatever became of them.');
  const durations = new Histogram<LabelNames>({
    name: 'belfry_remote_storage_sent_batch_duration_seconds',
    help: 'How long requests to remote storage took.',
    labelNames: [...LABELS],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60],
    registers,
  });
  gauge('samples_pending', 'About how many samples wait to be sent.', ({ pending }) => pending);
  gauge('shards', 'Requests that may be under way at once.', ({ shards }) => shards.now);
  gauge('shards_desired', 'Requests at once that what waits would need.', ({ shards }) => shards.desired);
  gauge('shards_min', 'Least requests at once.', ({ shards }) => shards.min);
  gauge('shards_max', 'Most requests at once.', ({ shards }) => shards.max);
  gauge('max_samples_per_send', 'Most samples in a request.', ({ maxSamplesPerSend }) => maxSamplesPerSend);
  gauge(
    'queue_highest_timestamp_seconds',
    'Newest sample there is.',
    (report) => report.highestTimestamp / 1000,
  );
  gauge('queue_highest_sent_timestamp_seconds', 'Newest sample sent.', (report) => report.highestSent / 1000);

  const advance = (
    metric: Counter<LabelNames>,
    key: string,
    report: EndpointReport,
    now: number,
    reason?: string,
  ) => {
    const id = `${report.name} ${key} ${reason ?? ''}`;
    const before = counted.get(id) ?? 0;
    counted.set(id, now);
    // An endpoint that a reload made anew counts from zero.
    const more = now < before ? now : now - before;
    metric.inc({ ...labelsOf(report), ...(reason === undefined ? {} : { reason }) }, more);
  };

  return {
    update(latest) {
      reports = latest;
      for (const report of latest) {
        for (const { kind, ...counters } of byKind) {
          for (const outcome of ['sent', 'failed', 'retried'] as const satisfies (keyof SentCounts)[]) {
            advance(counters[outcome], `${kind} ${outcome}`, report, report.counts[kind][outcome]);
          }
        }
        for (const reason of DROP_REASONS)
          advance(dropped, 'dropped', report, report.dropped[reason], reason);
        advance(droppedExemplars, 'dropped exemplars', report, report.droppedExemplars);
        advance(reread, 'reread', report, report.reread);
        advance(bytes, 'bytes', report, report.bytes);
        advance(requests, 'requests', report, report.requests);
        for (const seconds of report.durations) durations.observe(labelsOf(report), seconds);
      }
    },
    restarted() {
      counted = new Map();
    },
  };
}

const labelsOf = ({ name, url }: EndpointReport): { remote_name: string; url: string } => ({
  remote_name: name,
  url: shownUrl(url),
});

/** Without a password that may stand in it. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed?.password && !parsed?.username) return url;
  parsed.password = '';
  parsed.username = '';
  return parsed.href;
}
