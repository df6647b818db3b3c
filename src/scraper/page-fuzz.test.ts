import fc from 'fast-check';
import { Counter, Gauge, Histogram, Registry, type RegistryContentType } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { OpenMetricsParser } from '../exposition/open-metrics-parser.ts';
import type { ExpositionParser } from '../exposition/parser.ts';
import { TextParser } from '../exposition/text-parser.ts';
import { fuzzCases } from '../testing/fuzz-cases.ts';
import { hasNodeExporter, runNodeExporter } from '../testing/node-exporter.ts';
import { PageParser, type PageReader } from './page.ts';

/** What a page says: its samples in order, and the exemplars of each series. */
interface Reading {
  readonly samples: readonly (readonly [series: string, value: number, timestamp: number])[];
  readonly exemplars: ReadonlyMap<string, ReadonlySet<string>>;
}

type MakeParser = (page: Uint8Array) => ExpositionParser;

const exemplarOf = (parser: ExpositionParser): string => JSON.stringify(parser.exemplar());

function addTo(sets: Map<string, Set<string>>, key: string, member: string): void {
  sets.set(key, (sets.get(key) ?? new Set()).add(member));
}

/** Series by their text: how a label is spelled when its type changes on the way is not what is compared. */
const keyOf = (parser: Pick<ExpositionParser, 'keyFrom' | 'keyTo'>, page: Uint8Array): string =>
  Buffer.from(page.subarray(parser.keyFrom, parser.keyTo)).toString('latin1');

function readAlone(page: Uint8Array, make: MakeParser): Reading {
  const parser = make(page);
  const samples: (readonly [string, number, number])[] = [];
  const exemplars = new Map<string, Set<string>>();
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind !== 'sample') continue;
    parser.labels();
    const key = keyOf(parser, page);
    samples.push([key, parser.value, parser.timestamp]);
    if (parser.hasExemplar) addTo(exemplars, key, exemplarOf(parser));
  }
  return { samples, exemplars };
}

/** Reads page after page with prediction. Exemplars are those told ever. */
function predictingReader(make: MakeParser): (page: Uint8Array) => Reading {
  const parser = new PageParser(7);
  const names: string[] = [];
  const numbers = new Map<string, number>();
  const exemplars = new Map<string, Set<string>>();
  return (page) => {
    const from = make(page);
    const reader: PageReader = {
      series() {
        from.labels();
        const key = keyOf(from, page);
        const known = numbers.get(key) ?? names.push(key) - 1;
        numbers.set(key, known);
        return known;
      },
      exemplar: () => addTo(exemplars, keyOf(from, page), exemplarOf(from)),
      help() {},
      type() {},
      unit() {},
    };
    for (const _ of parser.parse(page, from, reader, () => false));
    const { columns } = parser;
    const samples = Array.from(
      { length: columns.count },
      (_, i) =>
        [names[columns.series[i]!]!, columns.value[i]!, columns.timestamp?.[i] ?? Number.NaN] as const,
    );
    return { samples, exemplars };
  };
}

/** An edit of a page: a hit on a number, a line that goes, comes twice or moves, or a blow at any byte. */
type Edit = {
  readonly kind: 'digit' | 'cut' | 'double' | 'swap' | 'byte';
  readonly at: number;
  readonly by: number;
};

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant('digit' as const) },
    { weight: 2, arbitrary: fc.constantFrom('cut' as const, 'double' as const, 'swap' as const) },
    { weight: 1, arbitrary: fc.constant('byte' as const) },
  ),
  at: fc.nat(),
  by: fc.nat(255),
});

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

function edited(page: Buffer, { kind, at, by }: Edit): Buffer {
  const copy = Buffer.from(page);
  const from = at % copy.length;
  if (kind === 'byte') {
    copy[from] = by;
    return copy;
  }
  if (kind === 'digit') {
    const place = copy.findIndex((byte, i) => i >= from && isDigit(byte));
    if (place < 0) return copy;
    if (by % 3 > 0) copy[place] = 0x30 + (by % 10);
    return by % 3 > 0
      ? copy
      : Buffer.concat([copy.subarray(0, place), Buffer.from('1'), copy.subarray(place)]);
  }
  const lines = copy.toString('latin1').split('\n');
  const line = at % lines.length;
  const other = (line + by) % lines.length;
  if (kind === 'cut') lines.splice(line, 1 + (by % 3));
  else if (kind === 'double') lines.splice(other, 0, lines[line]!);
  else [lines[line], lines[other]] = [lines[other]!, lines[line]!];
  return Buffer.from(lines.join('\n'), 'latin1');
}

const outcomeOf = (read: () => Reading): Reading | string => {
  try {
    return read();
  } catch (error) {
    return String(error);
  }
};

/** Prediction over edits of a page says what the format's parser alone says, errors included. */
function expectAgreement(base: string, make: MakeParser, runs: number): void {
  fc.assert(
    fc.property(fc.array(fc.array(edit, { maxLength: 5 }), { minLength: 1, maxLength: 4 }), (scrapes) => {
      const predict = predictingReader(make);
      let page: Buffer = Buffer.from(base);
      predict(page);
      for (const edits of scrapes) {
        page = edits.reduce(edited, page);
        const alone = outcomeOf(() => readAlone(page, make));
        const predicted = outcomeOf(() => predict(page));
        if (typeof alone === 'string' || typeof predicted === 'string') {
          expect(predicted).toEqual(alone);
          page = Buffer.from(base);
          continue;
        }
        expect(predicted.samples).toEqual(alone.samples);
        for (const [key, told] of alone.exemplars)
          for (const exemplar of told) expect(predicted.exemplars.get(key)?.has(exemplar)).toBe(true);
      }
    }),
    { numRuns: fuzzCases(runs, 0.02) },
  );
}

/** An application's registry, with all it can hold. */
async function applicationPage(kind: 'text' | 'openMetrics'): Promise<string> {
  const registry = new Registry<RegistryContentType>();
  if (kind === 'openMetrics') registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers = [registry as Registry];
  const enableExemplars = kind === 'openMetrics';
  const requests = new Counter({
    name: 'app_requests_total',
    help: 'Requests "so far"\nby path.',
    labelNames: ['path', 'code'],
    registers,
    enableExemplars,
  });
  const latency = new Histogram({
    name: 'app_latency_seconds',
    help: 'Latency.',
    labelNames: ['path'],
    registers,
    enableExemplars,
  });
  const level = new Gauge({ name: 'app_level', help: 'Level.', registers });
  level.set(-0.00012345678901234567);
  for (let i = 0; i < 40; i++) {
    const path = `/p${i % 4}\\"é`;
    const exemplarLabels = { trace_id: `trace-${i}` };
    if (enableExemplars) {
      // The types know no labels of exemplars that the metric has not.
      requests.inc({ labels: { path, code: '200' }, value: i, exemplarLabels } as never);
      latency.observe({ labels: { path }, value: i / 17, exemplarLabels } as never);
    } else {
      requests.inc({ path, code: '200' }, i);
      latency.observe({ path }, i / 17);
    }
  }
  return await registry.metrics();
}

const OPEN_METRICS = `# HELP foo A counter with everything.
# TYPE foo counter
# UNIT foo_seconds seconds
foo_total{a="1"} 17.0 1520879607.789 # {id="counter-test"} 5 1520879607.5
foo_created{a="1"} 1520872607.123
foo_total{a="2"} 3 # {} 0.25
# TYPE hh histogram
hh_bucket{le="1.0"} 8 # {id="bucket",span="é"} 0.5
hh_bucket{le="+Inf"} 9 # {id="bucket"} 17 1520879607.5
hh_count 9
hh_sum 324789.3
# TYPE gh gaugehistogram
gh_bucket{le="+Inf"} 4
gh_gcount 4
gh_gsum 12.5
# TYPE build info
build_info{version="1.2.3"} 1
# TYPE mode stateset
mode{mode="on"} 1
mode{mode="off"} 0
# TYPE q summary
q{quantile="0.5"} 0.1
{"quoted.name","label.x"="v"} NaN
# EOF
`;

const asText: MakeParser = (page) => new TextParser(page);
const asOpenMetrics: MakeParser = (page) => new OpenMetricsParser(page);

describe('predicted and plain parsing agree on edited pages', () => {
  test.skipIf(!hasNodeExporter)('of node_exporter', async () => {
    await using exporter = await runNodeExporter();
    expectAgreement(await exporter.page(), asText, 30);
  });
  test('of prom-client, as text', async () => {
    expectAgreement(await applicationPage('text'), asText, 300);
  });
  test('of prom-client, as OpenMetrics with exemplars', async () => {
    const page = await applicationPage('openMetrics');
    expect(page.match(/ # \{/g)?.length).toBeGreaterThan(10);
    expectAgreement(page, asOpenMetrics, 300);
  });
  test('with all that OpenMetrics has', () => {
    expectAgreement(OPEN_METRICS, asOpenMetrics, 1500);
  });
  test('with values of NUL bytes, which eight at a time look like those of a lone 0x80', () => {
    const nul = '\0'.repeat(16);
    const page = `# HELP a ${nul}\na{b="${nul}"} 1\na{b="\u00c0${nul}"} 2\na{b="\u00c0"} 3\n`;
    const parse = predictingReader(asText);
    const bytes = Buffer.from(page);
    parse(bytes);
    for (const at of bytes.keys()) {
      if (bytes[at] !== 0) continue;
      const broken = Buffer.from(bytes);
      broken[at] = 0x80;
      const alone = outcomeOf(() => readAlone(broken, asText));
      expect(outcomeOf(() => parse(broken))).toEqual(alone);
      parse(bytes);
    }
    expectAgreement(page, asText, 500);
  });
});
