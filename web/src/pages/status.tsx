import type { NameCount, TsdbStatus } from '../data/api-types.ts';
import { spacedUnits } from '../format/duration.ts';
import { exactText, parseApiTime } from '../format/time.ts';
import { Ago } from '../parts/ago.tsx';
import { Value } from '../parts/value.tsx';
import { Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { LogView } from './log-view.tsx';
import { CardinalityExplorer, QueriesInFlight, StorageDays } from './status-parts.tsx';

type Facts = Readonly<Record<string, unknown>>;

/** What runs here, how much it holds, and with which configuration. */
export function Status() {
  const { api, me } = useSession();
  const build = useResource((abort) => api.status<Facts>('buildinfo', abort), []);
  const runtime = useResource((abort) => api.status<Facts>('runtimeinfo', abort), []);
  const flags = useResource((abort) => api.status<Facts>('flags', abort), [], { live: false });
  const tsdb = useResource((abort) => api.tsdbStatus(abort), []);
  const config = useResource((abort) => api.status<{ yaml: string }>('config', abort), []);
  return (
    <div class="page">
      <div class="page-head">
        <h1 class="page-title">Status</h1>
      </div>
      <div class="status-grid">
        <section>
          <h2 class="section-title">Run time</h2>
          <View resource={runtime} what="The run time" skeleton={<Skeleton rows={5} height={28} />}>
            {(facts) => <FactList facts={facts} names={RUNTIME_NAMES} />}
          </View>
        </section>
        <section>
          <h2 class="section-title">In memory</h2>
          <View resource={tsdb} what="The storage" skeleton={<Skeleton rows={5} height={28} />}>
            {(status) => <HeadFacts status={status} />}
          </View>
        </section>
        <section>
          <h2 class="section-title">Build</h2>
          <View resource={build} what="The build" skeleton={<Skeleton rows={5} height={28} />}>
            {(facts) => <FactList facts={facts} names={BUILD_NAMES} />}
          </View>
        </section>
      </div>
      <View resource={tsdb} what="The cardinality" skeleton={<Skeleton rows={4} height={28} />}>
        {(status) => (
          <div class="status-grid">
            <CardinalityExplorer metrics={(status.seriesCountByMetricName ?? []).slice(0, 10)} />
            <TopList title="Values by label" rows={status.labelValueCountByLabelName} />
            <TopList title="Series by label pair" rows={status.seriesCountByLabelValuePair} />
          </div>
        )}
      </View>
      <QueriesInFlight />
      <div class="status-grid">
        <StorageDays retention={textOf(runtime.data.value?.storageRetention)} />
        <section>
          <h2 class="section-title">Command line</h2>
          <View resource={flags} what="The flags" skeleton={<Skeleton rows={5} height={28} />}>
            {(facts) => <FlagList flags={facts} />}
          </View>
        </section>
      </div>
      {me.data.value?.scopes.includes('respond') && <LogView />}
      <section>
        <h2 class="section-title">
          Configuration <span class="section-note">secrets are not shown</span>
        </h2>
        <ConfigState />
        <View resource={config} what="The configuration" skeleton={<Skeleton rows={8} height={22} />}>
          {({ yaml }) => (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
            <pre class="code is-tall" tabIndex={0}>
              {yaml.trim() === '' ? 'Empty: everything is at its default.' : yaml}
            </pre>
          )}
        </View>
      </section>
    </div>
  );
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Flags that were given, and those that stand at their default. */
function FlagList({ flags }: { readonly flags: Facts }) {
  return (
    <dl class="facts">
      {Object.entries(flags).map(([name, value]) => (
        <div key={name}>
          <dt class="mono">--{name}</dt>
          <dd>{value === '' ? <span class="dim">default</span> : String(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What is wrong with what is on disk, and what is worth knowing of what runs. */
function ConfigState() {
  const { health } = useSession();
  const state = health.data.value?.config;
  if (!state || (state.isSuccessful && state.warnings.length === 0)) return null;
  return (
    <>
      {!state.isSuccessful && (
        <div class="error-note" role="alert">
          <span class="error-what">
            Refused <Ago time={parseApiTime(state.triedAt)} suffix=" ago" />; the one below goes on.
          </span>
          <pre class="error-why">{state.problem}</pre>
        </div>
      )}
      {state.warnings.length > 0 && (
        <details class="config-warnings">
          <summary>{state.warnings.length === 1 ? '1 warning' : `${state.warnings.length} warnings`}</summary>
          <pre class="code">{state.warnings.join('\n')}</pre>
        </details>
      )}
    </>
  );
}

/** Names in words; a field not named here is shown under its own name. */
const BUILD_NAMES: Readonly<Record<string, string>> = {
  belfryVersion: 'Belfry',
  version: 'Speaks the API of Prometheus',
  nodeVersion: 'Node.js',
};

const RUNTIME_NAMES: Readonly<Record<string, string>> = {
  startTime: 'Started',
  serverTime: 'Server time',
  CWD: 'Directory',
  hostname: 'Host',
  reloadConfigSuccess: 'Last reload',
  lastConfigTime: 'Configuration of',
  corruptionCount: 'Corruptions',
  storageRetention: 'Kept for',
};

/** Fields that only mean something to Go programs. */
const NOT_OURS = new Set(['application', 'GOMAXPROCS', 'GOMEMLIMIT', 'GOGC', 'GODEBUG', 'goroutineCount']);

function FactList({
  facts,
  names,
}: {
  readonly facts: Facts;
  readonly names: Readonly<Record<string, string>>;
}) {
  const order = Object.keys(names);
  const place = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
  const shown = Object.entries(facts)
    .filter(
      ([key, value]) => !NOT_OURS.has(key) && value !== '' && value !== null && typeof value !== 'object',
    )
    .sort(([a], [b]) => place(a) - place(b));
  return (
    <dl class="facts">
      {shown.map(([key, value]) => (
        <div key={key}>
          <dt>{names[key] ?? key}</dt>
          <dd>
            <FactValue name={key} value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function FactValue({ name, value }: { readonly name: string; readonly value: unknown }) {
  const { zone } = useSession();
  if (name === 'reloadConfigSuccess')
    return value === false ? <span class="text-firing">failed</span> : <>succeeded</>;
  if (typeof value === 'number') return <Value value={value} />;
  const text = name === 'storageRetention' ? spacedUnits(String(value)) : String(value);
  const time = /^\d{4}-\d{2}-\d{2}T/.test(text) ? parseApiTime(text) : undefined;
  if (time === undefined) return <>{text}</>;
  return name === 'serverTime' ? (
    <span>{exactText(time, zone.shown.value)}</span>
  ) : (
    <Ago time={time} suffix=" ago" />
  );
}

function HeadFacts({ status }: { readonly status: TsdbStatus }) {
  const { numSeries, numLabelPairs, minTime, maxTime } = status.headStats;
  return (
    <dl class="facts">
      <div>
        <dt title="Series with a sample in the last two hours, in memory or on disk: about what Prometheus’ head has">
          Active series
        </dt>
        <dd>
          <Value value={numSeries} />
        </dd>
      </div>
      <div>
        <dt>Label pairs</dt>
        <dd>
          <Value value={numLabelPairs} />
        </dd>
      </div>
      <div>
        <dt>Oldest in memory</dt>
        <dd>{isTime(minTime) ? <Ago time={minTime} suffix=" ago" /> : '–'}</dd>
      </div>
      <div>
        <dt>Newest sample</dt>
        <dd>{isTime(maxTime) ? <Ago time={maxTime} suffix=" ago" /> : '–'}</dd>
      </div>
    </dl>
  );
}

/** An empty head answers with the ends of an int64. */
const isTime = (time: number): boolean => time > 0 && time < 8e15;

function TopList({
  title,
  rows,
}: {
  readonly title: string;
  readonly rows: readonly NameCount[] | null | undefined;
}) {
  if (!rows || rows.length === 0) return null;
  const most = Math.max(...rows.map((row) => row.value), 1);
  return (
    <section>
      <h2 class="section-title">{title}</h2>
      <ol class="top-list">
        {rows.slice(0, 10).map((row) => (
          <li key={row.name}>
            <span class="top-list-bar" style={{ width: `${(row.value / most) * 100}%` }} />
            <span class="mono top-list-name" title={row.name}>
              {row.name}
            </span>
            <Value value={row.value} />
          </li>
        ))}
      </ol>
    </section>
  );
}
