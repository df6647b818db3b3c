import { test } from 'vitest';
import { OpenMetricsParser } from '../exposition/open-metrics-parser.ts';
import type { ExpositionParser } from '../exposition/parser.ts';
import { TextParser } from '../exposition/text-parser.ts';
import { PageParser, type PageReader } from './page.ts';

const SAMPLES = 10_000;
const PAGES = 8;
const encoder = new TextEncoder();

/** Pages of an application with about a hundred bytes per line; `changed` of the values move from page to page. */
function pages(changed: number, lineThatFlaps: boolean): Uint8Array[] {
  return Array.from({ length: PAGES }, (_, page) => {
    const lines: string[] = [];
    for (let i = 0; i < SAMPLES; i++) {
      if (i % 100 === 0)
        lines.push(`# HELP app_family_${i} A family of metrics.`, `# TYPE app_family_${i} counter`);
      if (lineThatFlaps && i % 1000 === 500 && page % 2 === 0)
        lines.push(`app_state{state="odd",i="${i}"} 1`);
      const moves = (i * 7919) % 100 < changed * 100;
      const value = 1000 + i + (moves ? page * 17 : 0) + (i % 3 === 0 ? 0.25 : 0);
      lines.push(
        `app_family_${i - (i % 100)}{handler="/api/v1/things/${i % 100}",method="GET",code="200",zone="eu"} ${value}`,
      );
    }
    return encoder.encode(`${lines.join('\n')}\n`);
  });
}

/** OpenMetrics pages of histograms, an exemplar on each bucket; those of one bucket in ten move from page to page. */
function exemplarPages(): Uint8Array[] {
  return Array.from({ length: PAGES }, (_, page) => {
    const lines: string[] = [];
    for (let i = 0; i < SAMPLES; i++) {
      if (i % 100 === 0) lines.push(`# TYPE app_latency_${i} histogram`);
      const trace = (i * 7919 + (i % 10 === 0 ? page : 0)).toString(16).padStart(32, '0');
      lines.push(
        `app_latency_${i - (i % 100)}_bucket{handler="/api/v1/things",le="${i % 100}.0"} ${1000 + i + page * 17} # {trace_id="${trace}"} 0.125 1720000000.5`,
      );
    }
    return encoder.encode(`${lines.join('\n')}\n# EOF\n`);
  });
}

const reader: PageReader = { series: () => 0, help() {}, type() {}, unit() {}, exemplar() {} };
const never = (): boolean => false;

function replay(
  set: readonly Uint8Array[],
  make: (page: Uint8Array) => ExpositionParser = (page) => new TextParser(page),
): () => void {
  const parser = new PageParser(1);
  let next = 0;
  return () => {
    const page = set[next++ % set.length]!;
    for (const _ of parser.parse(page, make(page), reader, never));
  };
}

function parseAlone(set: readonly Uint8Array[]): () => void {
  let next = 0;
  return () => {
    const parser: ExpositionParser = new TextParser(set[next++ % set.length]!);
    while (parser.next() !== 'end');
  };
}

/** What any reader in JavaScript that looks at each byte must take: figures as a multiple of it hold on any machine. */
function scan(set: readonly Uint8Array[]): () => void {
  let next = 0;
  let newlines = 0;
  return () => {
    const page = set[next++ % set.length]!;
    for (let i = 0; i < page.length; i++) if (page[i] === 10) newlines++;
    if (newlines === 0) throw new Error('a page without a line');
  };
}

/** One run is a page: its mean in ms times 100 is ns per sample. */
test('a page of 10,000 samples', async ({ bench }) => {
  const steady = pages(0, false);
  const quarter = pages(0.25, false);
  await bench.compare(
    bench('predicted, nothing changed', replay(steady)),
    bench('predicted, a quarter changed', replay(quarter)),
    bench('predicted, 64 % changed', replay(pages(0.64, false))),
    bench('predicted, a quarter changed, ten lines come and go', replay(pages(0.25, true))),
    bench(
      'predicted, all changed, each line with an exemplar, one in ten of them new',
      replay(exemplarPages(), (page) => new OpenMetricsParser(page)),
    ),
    bench("the format's parser alone", parseAlone(quarter)),
    bench('the bytes of a page looked at one by one, for comparison', scan(quarter)),
  );
});
