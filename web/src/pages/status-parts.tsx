import { useState } from 'preact/hooks';
import type { NameCount, QueryInFlight, StoredFile } from '../data/api-types.ts';
import { parseSample } from '../data/matrix.ts';
import { problemText } from '../data/problem.ts';
import { durationText, parsePromDuration } from '../format/duration.ts';
import { dayText } from '../format/time.ts';
import { formatNumber } from '../format/units.ts';
import { Ago } from '../parts/ago.tsx';
import { Value } from '../parts/value.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';

const DAY_MS = 86_400_000;
/** Days listed; older ones are in the sum. */
const MAX_DAYS = 14;

/** Size on disk by day, and what it will be once as many days are kept as are wanted. */
export function StorageDays({ retention }: { readonly retention: string | undefined }) {
  const { api } = useSession();
  const files = useResource((abort) => api.storedFiles(abort), []);
  return (
    <section>
      <h2 class="section-title">On disk by day</h2>
      <View resource={files} what="The files" skeleton={<Skeleton rows={4} height={28} />}>
        {(list) => {
          const days = daysOf(list);
          if (days.length === 0)
            return <p class="note">Nothing yet: a day’s file comes with its first full block.</p>;
          const total = days.reduce((sum, day) => sum + day.bytes, 0);
          const most = Math.max(...days.map((day) => day.bytes));
          const forecast = forecastOf(days, retention);
          return (
            <>
              <ol class="top-list">
                {days.slice(0, MAX_DAYS).map((day) => (
                  <li key={day.time}>
                    <span class="top-list-bar" style={{ width: `${(day.bytes / most) * 100}%` }} />
                    <span class="top-list-name">
                      {dayText(day.time, 'utc')} <span class="dim">{day.isOpen ? 'being written' : ''}</span>
                    </span>
                    <Value value={day.bytes} unit="bytes" />
                  </li>
                ))}
              </ol>
              <p class="note">
                <Value value={total} unit="bytes" /> in {days.length} {days.length === 1 ? 'day' : 'days'}.
                {forecast !== undefined && (
                  <>
                    {' '}
                    With {retention} kept it will be about <Value value={forecast} unit="bytes" />.
                  </>
                )}
              </p>
            </>
          );
        }}
      </View>
    </section>
  );
}

interface StoredDay {
  readonly time: number;
  readonly bytes: number;
  readonly isOpen: boolean;
}

/** Newest first; a day may have a file that is written to and one that is sealed. */
export function daysOf(files: readonly StoredFile[]): StoredDay[] {
  return [...Map.groupBy(files, (file) => Math.floor(file.minTime / DAY_MS) * DAY_MS)]
    .map(([time, own]) => ({
      time,
      bytes: own.reduce((sum, file) => sum + file.stats.numBytes, 0),
      isOpen: own.some((file) => file.compaction.level === 1),
    }))
    .sort((a, b) => b.time - a.time);
}

/** The mean of whole days times the days that are kept; undefined while there is no whole day, or nothing limits the time. */
export function forecastOf(days: readonly StoredDay[], retention: string | undefined): number | undefined {
  const kept = parsePromDuration(/^[\d\w]+/.exec(retention ?? '')?.[0] ?? '');
  const whole = days.slice(1, 8).filter((day) => day.bytes > 0);
  if (kept === undefined || kept === 0 || whole.length === 0) return undefined;
  return (whole.reduce((sum, day) => sum + day.bytes, 0) / whole.length) * (kept / DAY_MS);
}

/** What people's queries are doing now, with a way to end each. */
export function QueriesInFlight() {
  const { api, now } = useSession();
  const queries = useResource((abort) => api.queriesInFlight(abort), []);
  const [problem, setProblem] = useState<string>();
  const cancel = async (id: number): Promise<void> => {
    try {
      await api.cancelQuery(id);
      setProblem(undefined);
    } catch (error) {
      setProblem(problemText(error));
    }
    await queries.refresh();
  };
  return (
    <section>
      <h2 class="section-title">Queries</h2>
      {problem !== undefined && <p class="error-note">{problem}</p>}
      <View resource={queries} what="The queries" skeleton={<Skeleton rows={3} height={28} />}>
        {(all) => {
          const open = all.filter(isOpen);
          const slow = slowest(all.filter((query) => !isOpen(query)));
          return (
            <>
              {open.length === 0 && <p class="note">None is running.</p>}
              {(open.length > 0 || slow.length > 0) && (
                <div class="table-scroll">
                  <table class="table query-table">
                    <thead>
                      <tr>
                        <th>State</th>
                        <th>Query</th>
                        <th class="num">Took</th>
                        <th class="num">Samples</th>
                        <th class="num">When</th>
                        <th>
                          <span class="sr-only">Cancel</span>
                        </th>
                      </tr>
                    </thead>
                    <tbody>
                      {[...open, ...slow].map((query) => (
                        <tr key={`${query.id} ${query.receivedAt}`}>
                          <td class={query.state === 'failed' ? 'text-firing' : undefined}>{query.state}</td>
                          <td class="mono query-text-cell" title={query.query}>
                            {query.query === '' ? <span class="dim">{query.kind}</span> : query.query}
                          </td>
                          <td class="num">
                            {query.cost ? (
                              <Value value={query.cost.evaluationMs / 1000} unit="s" />
                            ) : (
                              durationText(now.value - query.receivedAt)
                            )}
                          </td>
                          <td class="num dim">{query.cost ? formatNumber(query.cost.samplesRead) : ''}</td>
                          <td class="num">
                            <Ago time={query.receivedAt} suffix=" ago" />
                          </td>
                          <td class="num">
                            {isOpen(query) && (
                              <button
                                type="button"
                                class="button is-small"
                                onClick={() => void cancel(query.id)}
                              >
                                Cancel
                              </button>
                            )}
                          </td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </div>
              )}
              {slow.length > 0 && <p class="note">Below those that run: the slowest of the last hundred.</p>}
            </>
          );
        }}
      </View>
    </section>
  );
}

const isOpen = ({ state }: QueryInFlight): boolean => state === 'running' || state === 'waiting';
const MAX_SLOW = 6;

const slowest = (ended: readonly QueryInFlight[]): QueryInFlight[] =>
  [...ended].sort((a, b) => (b.cost?.evaluationMs ?? 0) - (a.cost?.evaluationMs ?? 0)).slice(0, MAX_SLOW);

/** Metrics with most series, and how many more or fewer they were a day ago; a click shows what makes them many. */
export function CardinalityExplorer({ metrics }: { readonly metrics: readonly NameCount[] }) {
  const { queries } = useSession();
  const names = metrics.map(({ name }) => name);
  const [chosen, setChosen] = useState<string>();
  const before = useResource(
    async (abort) => {
      if (names.length === 0) return new Map<string, number>();
      const pattern = names.map((name) => name.replace(/[^\w:]/g, '.')).join('|');
      const { data } = await queries.query(
        `count by (__name__) ({__name__=~"${pattern}"} offset 1d)`,
        undefined,
        abort,
      );
      const rows = data.resultType === 'vector' ? data.result : [];
      return new Map(
        rows.map(({ metric, value }) => [metric.__name__ ?? '', value ? parseSample(value[1]) : 0]),
      );
    },
    [names.join()],
    { live: false },
  );
  if (metrics.length === 0) return null;
  const most = Math.max(...metrics.map((row) => row.value), 1);
  return (
    <section>
      <h2 class="section-title">
        Series by metric <span class="section-note">and since yesterday</span>
      </h2>
      <ol class="top-list">
        {metrics.map((row) => {
          const past = before.data.value?.get(row.name);
          const growth = before.data.value ? row.value - (past ?? 0) : 0;
          return (
            <li key={row.name}>
              <span class="top-list-bar" style={{ width: `${(row.value / most) * 100}%` }} />
              <button
                type="button"
                class="mono top-list-name link-plain"
                title={`What makes ${row.name} many`}
                aria-expanded={chosen === row.name}
                onClick={() => setChosen(chosen === row.name ? undefined : row.name)}
              >
                {row.name}
              </button>
              {growth !== 0 && (
                <span class={`top-list-growth ${growth > row.value / 4 ? 'text-pending' : 'dim'}`}>
                  {growth > 0 ? '+' : '−'}
                  {formatNumber(Math.abs(growth))}
                </span>
              )}
              <Value value={row.value} />
            </li>
          );
        })}
      </ol>
      {chosen !== undefined && <LabelsOf key={chosen} metric={chosen} />}
    </section>
  );
}

/** How many values each label of a metric has: the one with most makes its series many. */
function LabelsOf({ metric }: { readonly metric: string }) {
  const { api, router, clock } = useSession();
  const labels = useResource(
    async (abort) => {
      const to = Math.floor(clock.now() / 1000);
      const found = await api.series(
        `{__name__=${JSON.stringify(metric)}}`,
        { start: to - 3600, end: to },
        abort,
      );
      const values = new Map<string, Set<string>>();
      for (const series of found)
        for (const [name, value] of Object.entries(series)) {
          if (name === '__name__') continue;
          const known = values.get(name);
          if (known) known.add(value);
          else values.set(name, new Set([value]));
        }
      return [...values].map(([name, all]) => ({ name, value: all.size })).sort((a, b) => b.value - a.value);
    },
    [metric],
    { live: false },
  );
  return (
    <div class="labels-of">
      <p>
        <strong class="mono">{metric}</strong>: values by label.{' '}
        <a
          href={router.href(
            `/graph?g0.expr=${encodeURIComponent(`count by (job, instance) (${metric})`)}&g0.tab=1`,
          )}
        >
          Count them in Explore
        </a>
      </p>
      <View resource={labels} what="The labels" skeleton={<Skeleton rows={2} height={28} />}>
        {(list) =>
          list.length === 0 ? (
            <Empty title="No series within the last hour." />
          ) : (
            <ul class="chips">
              {list.map(({ name, value }) => (
                <li key={name} class="chip">
                  {name} <strong>{formatNumber(value)}</strong>
                </li>
              ))}
            </ul>
          )
        }
      </View>
    </div>
  );
}
