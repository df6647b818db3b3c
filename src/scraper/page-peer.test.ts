import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { formatSeries, labelsFromObject } from '../model/labels.ts';
import { freePort } from '../testing/free-port.ts';
import { httpTarget } from '../testing/http-target.ts';
import { peer } from '../testing/peer.ts';
import type { ExpositionFormat } from './exposition-format.ts';
import { scrapedTarget } from './scraped-target.fixture.ts';

/** Pages that a real Prometheus (Debian's 2.42) scrapes as well: both take or refuse them, and what they take is the same. */

const TEXT = [
  'a 1\n',
  'a 1',
  '',
  '\n\n',
  'a  1\n',
  'a\t1\t\n',
  ' a 1\n',
  'a 1 \n',
  'a 1\r\n',
  'a 1\n\n\nb 2\n',
  '#\na 1\n',
  '# anything\n#x\na 1\n',
  '# HELP a\na 1\n',
  '# HELP a Some "text" \\ and \\n more\na 1\n',
  '# HELP\na 1\n',
  '# TYPE a counter\na 1\n',
  '# TYPE a weird\na 1\n',
  '# TYPE a\na 1\n',
  '# TYPE\na 1\n',
  '# TYPE a counter\n# TYPE a gauge\na 1\n',
  'a 1\n# TYPE a counter\n',
  '# type a counter\na 1\n',
  'a{} 1\n',
  'a{x="1"} 1\n',
  'a {x="1"} 1\n',
  'a{x="1",} 1\n',
  'a{,} 1\n',
  'a{x="1",,y="2"} 1\n',
  'a{x="1" y="2"} 1\n',
  'a{ x = "1" , y = "2" } 1\n',
  'a{x="1"}1\n',
  'a{x=1} 1\n',
  "a{x='1'} 1\n",
  'a{x="1} 1\n',
  'a{x="1"\n} 1\n',
  'a{x="1\n2"} 1\n',
  'a{x="a\\\\b\\"c\\nd"} 1\n',
  'a{x="\\x"} 1\n',
  'a{x="é"} 1\n',
  'a{é="1"} 1\n',
  'é 1\n',
  'a{x=""} 1\n',
  'a{x="1",x="2"} 1\n',
  'a{1x="1"} 1\n',
  'a{a-b="1"} 1\n',
  'a{a:b="1"} 1\n',
  'a{__name__="b"} 1\n',
  '{x="1"} 1\n',
  '{} 1\n',
  '{__name__="a"} 1\n',
  'a:b:c 1\n',
  ':a 1\n',
  '_a 1\n',
  '1a 1\n',
  'a-b 1\n',
  'a.b 1\n',
  'a\n',
  'a{x="1"}\n',
  'a +1\n',
  'a -1\n',
  'a --1\n',
  'a 1.\n',
  'a .5\n',
  'a 1e3\n',
  'a 1E-3\n',
  'a 1e\n',
  'a 1e400\n',
  'a 1e-400\n',
  'a 0x1F\n',
  'a 0x1p-2\n',
  'a 1_000\n',
  'a 0b1\n',
  'a 010\n',
  'a NaN\n',
  'a nan\n',
  'a +NaN\n',
  'a Inf\n',
  'a +Inf\n',
  'a -inf\n',
  'a Infinity\n',
  'a infinit\n',
  'a true\n',
  'a 1,5\n',
  'a 1 x\n',
  'a 1 1.5\n',
  'a 1 1 1\n',
  'a 1 # {x="1"} 1\n',
  'a 1 99999999999999999999\n',
  'a 1\nb x\n',
  '\ufeffa 1\n',
  'a{x="\0"} 1\n',
  'a 1\na 2\n',
  'a{x="1",y="2"} 1\na{y="2",x="1"} 2\n',
  '# TYPE h histogram\nh_bucket{le="1.0"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
  '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 3\ns_count 2\n',
  'a 1\n# EOF\nb 2\n',
];

const OPEN_METRICS = [
  'a 1\n# EOF\n',
  'a 1\n# EOF',
  'a 1\n',
  'a 1',
  '# EOF\n',
  '',
  'a 1\n# EOF\nb 1\n',
  'a 1\n# EOF\n\n',
  'a 1\n# EOF \n',
  'a 1\n#EOF\n',
  'a 1\n# EOF\n# EOF\n',
  '\na 1\n# EOF\n',
  'a 1\n\nb 1\n# EOF\n',
  ' a 1\n# EOF\n',
  'a  1\n# EOF\n',
  'a\t1\n# EOF\n',
  'a 1 \n# EOF\n',
  'a 1\r\n# EOF\r\n',
  '# comment\na 1\n# EOF\n',
  '#\na 1\n# EOF\n',
  '# HELP a\na 1\n# EOF\n',
  '# HELP a Help.\na 1\n# EOF\n',
  '# HELP a x\\ny \\"z\\" \\\\\na 1\n# EOF\n',
  '# HELP a x\\y\na 1\n# EOF\n',
  '# HELP  a Help.\na 1\n# EOF\n',
  '# help a Help.\na 1\n# EOF\n',
  '# TYPE a counter\na_total 1\n# EOF\n',
  '# TYPE a counter\na 1\n# EOF\n',
  '# TYPE a gauge\na 1\n# EOF\n',
  '# TYPE a weird\na 1\n# EOF\n',
  '# TYPE a\na 1\n# EOF\n',
  '# TYPE a untyped\na 1\n# EOF\n',
  '# TYPE a unknown\na 1\n# EOF\n',
  '# TYPE a gauge \na 1\n# EOF\n',
  '# UNIT a_seconds seconds\na_seconds 1\n# EOF\n',
  '# UNIT a seconds\na 1\n# EOF\n',
  '# UNIT a\na 1\n# EOF\n',
  '# UNIT a \na 1\n# EOF\n',
  '# TYPE a info\na_info{v="1"} 1\n# EOF\n',
  '# TYPE a stateset\na{a="on"} 1\na{a="off"} 0\n# EOF\n',
  '# TYPE a gaugehistogram\na_bucket{le="1.0"} 1\na_bucket{le="+Inf"} 1\na_gsum 1\na_gcount 1\n# EOF\n',
  '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n# EOF\n',
  '# TYPE s summary\ns{quantile="0.95"} 1\ns_sum 1\ns_count 1\ns_created 1\n# EOF\n',
  '# TYPE a counter\na_total 1\na_created 1520872607.123\n# EOF\n',
  'a_total 1 # {id="x"} 1\n# EOF\n',
  'a_total 1 # {id="x"} 1 5.5\n# EOF\n',
  'a_total 1 # {} 1\n# EOF\n',
  'a_total 1 # {id="x"}\n# EOF\n',
  'a_total 1 # {id="x"} x\n# EOF\n',
  'a_total 1 # 1\n# EOF\n',
  'a_total 1 #{id="x"} 1\n# EOF\n',
  'a_total 1 # {id="x",} 1\n# EOF\n',
  'a_total 1 # {id="x"} 1 1 1\n# EOF\n',
  'a_total 1 # {id="x"} NaN\n# EOF\n',
  '# TYPE a gauge\na 1 # {id="x"} 1\n# EOF\n',
  `a_total 1 # {id="${'x'.repeat(200)}"} 1\n# EOF\n`,
  'h_bucket{le="1"} 1 # {id="x"} 0.5\n# EOF\n',
  'a 1 1.5 2\n# EOF\n',
  'a 1 NaN\n# EOF\n',
  'a 1 +Inf\n# EOF\n',
  'a 1 x\n# EOF\n',
  'a 0x1F\n# EOF\n',
  'a 1_0\n# EOF\n',
  'a nan\n# EOF\n',
  'a inf\n# EOF\n',
  'a{} 1\n# EOF\n',
  'a{x="1",} 1\n# EOF\n',
  'a{ x="1"} 1\n# EOF\n',
  'a{x="1", y="2"} 1\n# EOF\n',
  'a{x="\\n\\"\\\\"} 1\n# EOF\n',
  'a{x="\\y"} 1\n# EOF\n',
  'a {x="1"} 1\n# EOF\n',
  '1a 1\n# EOF\n',
  'a-b 1\n# EOF\n',
  'a\n# EOF\n',
  '{x="1"} 1\n# EOF\n',
];

const CASES: readonly (readonly [ExpositionFormat, string])[] = [
  ...TEXT.map((page) => ['text', page] as const),
  ...OPEN_METRICS.map((page) => ['openmetrics', page] as const),
];

/** Pages of which something else is made, and why. */
const OTHERWISE: Readonly<Record<string, string>> = {
  ' a 1\n': 'blanks before a name are none of its characters; Prometheus takes them for some',
  openmetrics: 'a page without a byte has no samples, since 3.0 in OpenMetrics too',
  '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n# EOF\n':
    'bounds are spelled in one way since 3.0',
  'a_total 1 # {id="x",} 1\n# EOF\n': 'a comma may come last, since 3.0',
  'a{x="1",} 1\n# EOF\n': 'a comma may come last, since 3.0',
  '# TYPE a gauge\na 1 # {id="x"} 1\n# EOF\n': 'any sample may have an exemplar, since 3.0',
};

const prometheus = peer('prometheus');

async function api<T>(url: string): Promise<T> {
  const response = await fetch(url);
  return ((await response.json()) as { data: T }).data;
}

/** Values by series, or undefined for a page that is refused. */
type Outcome = Readonly<Record<string, number>> | undefined;

/** What Prometheus makes of each. */
async function peerOutcomes(): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-peer-pages-'));
  await using server = await httpTarget((request, response) => {
    const [format, page] = CASES[Number(request.url!.slice(1))]!;
    const type =
      format === 'text' ? 'text/plain; version=0.0.4' : 'application/openmetrics-text; version=1.0.0';
    response.writeHead(200, { 'content-type': type }).end(page);
  });
  const jobs = CASES.map((_, i) => ({
    job_name: `case-${i}`,
    metrics_path: `/${i}`,
    static_configs: [{ targets: [server.address], labels: { instance: 'i' } }],
  }));
  const file = join(folder, 'prometheus.yml');
  writeFileSync(
    file,
    JSON.stringify({ global: { scrape_interval: '4s', scrape_timeout: '4s' }, scrape_configs: jobs }),
  );
  const port = await freePort();
  const child: ChildProcess = spawn(
    prometheus.file,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}/api/v1`;
  try {
    type Targets = { activeTargets: { scrapePool: string; health: string; lastError: string }[] };
    type Vector = { result: { metric: Record<string, string>; values: [number, string][] }[] };
    const isDone = async (): Promise<boolean> => {
      try {
        const { activeTargets } = await api<Targets>(`${url}/targets?state=active`);
        // On a busy machine a scrape may come to nothing.
        if (activeTargets.some(({ lastError }) => /deadline exceeded|connection/.test(lastError)))
          return false;
        const { result } = await api<Vector>(`${url}/query?query=up{job=~"case-.%2B"}`);
        return result.length === CASES.length;
      } catch {
        return false;
      }
    };
    while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 200));
    const { activeTargets } = await api<Targets>(`${url}/targets?state=active`);
    const health = new Map(activeTargets.map((target) => [target.scrapePool, target.health]));
    const selector = encodeURIComponent('{job=~"case-.+",__name__!~"up|scrape_.+"}[5m]');
    const { result } = await api<Vector>(`${url}/query?query=${selector}`);
    return CASES.map((_, i) => {
      if (health.get(`case-${i}`) !== 'up') return undefined;
      const samples = result
        .filter(({ metric }) => metric.job === `case-${i}`)
        .map(({ metric, values }) => {
          const series = formatSeries(labelsFromObject({ ...metric, job: 'j' }));
          return [series, Number(values.at(-1)![1].replace('Inf', 'Infinity'))] as const;
        });
      return Object.fromEntries(samples);
    });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

function ourOutcome(format: ExpositionFormat, page: string): Outcome {
  const target = scrapedTarget();
  if (target.scrape(page, format) !== '') return undefined;
  const samples = Object.entries(target.appender.current());
  return Object.fromEntries(
    samples.filter(([series]) => !/^(up|scrape_\w+)\{instance="i", job="j"\}$/.test(series)),
  );
}

test.skipIf(!prometheus.isThere)(
  'each page is taken or refused as by Prometheus, with the same samples',
  async () => {
    const theirs = await peerOutcomes();
    const different = CASES.flatMap(([format, page], i) => {
      const ours = ourOutcome(format, page);
      return isDeepStrictEqual(ours, theirs[i]) ? [] : [{ format, page, ours, theirs: theirs[i] }];
    });
    const isKnown = ({ format, page }: (typeof different)[number]): boolean => (page || format) in OTHERWISE;
    expect(different.filter((one) => !isKnown(one))).toEqual([]);
    expect(different.length).toBe(Object.keys(OTHERWISE).length);
  },
  240_000,
);
