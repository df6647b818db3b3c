import { useMemo, useState } from 'preact/hooks';
import type { ActiveTarget, DiscoveryState, DroppedTarget, TargetsAnswer } from '../data/api-types.ts';
import { More, useGrowing } from '../parts/growing.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { DroppedTargets } from './dropped-targets.tsx';
import { TargetRow } from './target-row.tsx';

/** Every target by job: whether it answers, how fast, and why not. */
export function Targets() {
  const { api, router } = useSession();
  const targets = useResource((abort) => api.targetsAnswer(abort), []);
  const discovery = useResource((abort) => api.discovery(abort), []);
  const job = router.query.value.get('job');
  const onlyFailing = router.query.value.get('state') === 'down';
  const [search, setSearch] = useState('');
  return (
    <div class="page">
      <div class="page-head">
        <h1 class="page-title">Targets</h1>
        <fieldset class="segments" aria-label="Which targets">
          <button
            type="button"
            class="segment"
            aria-pressed={!onlyFailing}
            onClick={() => router.setQuery({ state: undefined })}
          >
            All <Count targets={targets.data.value} />
          </button>
          <button
            type="button"
            class="segment"
            aria-pressed={onlyFailing}
            onClick={() => router.setQuery({ state: 'down' })}
          >
            Failing <Count targets={targets.data.value} health="down" />
          </button>
        </fieldset>
        <input
          class="input search-input"
          type="search"
          aria-label="Filter targets"
          placeholder="Filter by address or label"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        {job !== null && (
          <button type="button" class="button is-small" onClick={() => router.setQuery({ job: undefined })}>
            Only {job} ×
          </button>
        )}
      </div>
      <DiscoveryProblems states={discovery.data.value ?? []} />
      <View resource={targets} what="The targets" skeleton={<Skeleton rows={6} height={40} />}>
        {(answer) => <TargetGroups answer={answer} job={job} onlyFailing={onlyFailing} search={search} />}
      </View>
    </div>
  );
}

/** Discoveries that could not find out what there is. */
function DiscoveryProblems({ states }: { readonly states: readonly DiscoveryState[] }) {
  const failing = states.filter((state) => state.lastError !== '');
  if (failing.length === 0) return null;
  return (
    <ul class="discovery-problems">
      {failing.map((state) => (
        <li key={`${state.scrapePool} ${state.mechanism}`} class="error-note">
          <strong>{state.scrapePool}</strong>: {state.mechanism} fails, what it found before goes on:{' '}
          {state.lastError}
        </li>
      ))}
    </ul>
  );
}

interface TargetGroupsProps {
  readonly answer: TargetsAnswer;
  readonly job: string | null;
  readonly onlyFailing: boolean;
  readonly search: string;
}

function TargetGroups({ answer, job, onlyFailing, search }: TargetGroupsProps) {
  const wanted = search.trim().toLowerCase();
  const growth = useGrowing(`${wanted} ${onlyFailing} ${job}`);
  const isSearched = wanted !== '';
  const texts = useMemo(() => (isSearched ? answer.activeTargets.map(searchText) : []), [answer, isSearched]);
  const shown = answer.activeTargets.filter(
    (target, i) =>
      (job === null || (target.labels.job ?? target.scrapePool) === job) &&
      (!onlyFailing || target.health === 'down') &&
      (!isSearched || texts[i]!.includes(wanted)),
  );
  const droppedPools = Object.entries(answer.droppedTargetCounts ?? {}).filter(([, count]) => count > 0);
  if (answer.activeTargets.length === 0 && droppedPools.length === 0) {
    return (
      <Empty
        title="Nothing is scraped."
        code={
          'scrape_configs:\n  - job_name: backend\n    static_configs:\n      - targets: ["localhost:8000"]'
        }
      >
        Name targets in belfry.yaml, then reload (SIGHUP):
      </Empty>
    );
  }
  if (shown.length === 0 && (onlyFailing || wanted !== '' || job !== null))
    return <Empty title={onlyFailing && wanted === '' ? 'No target is failing.' : 'No target matches.'} />;
  const pools = Map.groupBy(shown, (target) => target.scrapePool);
  // A job all of whose targets were dropped is the one that people look for here.
  if (wanted === '' && !onlyFailing && job === null)
    for (const [pool] of droppedPools) if (!pools.has(pool)) pools.set(pool, []);
  let left = growth.shown;
  return (
    <>
      {[...pools]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([pool, members]) => {
          const room = left;
          left -= members.length;
          // Of jobs after the last row nothing is drawn yet, not even their names.
          return room <= 0 ? null : (
            <Pool
              key={pool}
              name={pool}
              targets={members}
              room={room}
              droppedCount={answer.droppedTargetCounts?.[pool] ?? 0}
              dropped={(answer.droppedTargets ?? []).filter((target) => target.scrapePool === pool)}
            />
          );
        })}
      <More growth={growth} count={shown.length} what="targets" />
    </>
  );
}

const searchText = ({ scrapeUrl, labels }: ActiveTarget): string =>
  `${scrapeUrl} ${Object.entries(labels).join(' ')}`.toLowerCase();

/** The targets of a job, the worst first, and what became of those that are none. */
function Pool({
  name,
  targets,
  room,
  droppedCount,
  dropped,
}: {
  readonly name: string;
  readonly targets: readonly ActiveTarget[];
  /** Most rows. */
  readonly room: number;
  readonly droppedCount: number;
  readonly dropped: readonly DroppedTarget[];
}) {
  const up = targets.filter((target) => target.health === 'up').length;
  const order = { down: 0, unknown: 1, up: 2 };
  const sorted = [...targets].sort(
    (a, b) => order[a.health] - order[b.health] || (a.scrapeUrl < b.scrapeUrl ? -1 : 1),
  );
  return (
    <section>
      <h2 class="section-title">
        {name}{' '}
        <span class="section-note">
          <span class={targets.some((target) => target.health === 'down') ? 'text-firing' : undefined}>
            {targets.length === 0 ? 'no target left' : `${up} of ${targets.length} up`}
          </span>
        </span>
      </h2>
      <div class="table-scroll" hidden={targets.length === 0}>
        <table class="table row-blocks target-table">
          <thead>
            <tr>
              <th>State</th>
              <th>Address</th>
              <th>Labels</th>
              <th class="num">Last scrape</th>
              <th class="num">Took</th>
              <th class="num">Every</th>
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, room).map((target) => (
              <TargetRow key={target.scrapeUrl + JSON.stringify(target.labels)} target={target} />
            ))}
          </tbody>
        </table>
      </div>
      <DroppedTargets count={droppedCount} targets={dropped} />
    </section>
  );
}

/** How many targets there are, or are in this state of health. */
function Count({
  targets,
  health,
}: {
  readonly targets: TargetsAnswer | undefined;
  readonly health?: string;
}) {
  if (!targets) return null;
  const count =
    health === undefined
      ? targets.activeTargets.length
      : targets.activeTargets.filter((target) => target.health === health).length;
  return <span class="count">{count}</span>;
}
