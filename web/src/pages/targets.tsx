import { useMemo, useState } from 'preact/hooks';
import type { TargetPage } from '../data/api.ts';
import type {
  ActiveTarget,
  DiscoveryState,
  DroppedTarget,
  LabelMap,
  RelabelSteps,
  TargetsAnswer,
} from '../data/api-types.ts';
import type { Health } from '../data/hosts.ts';
import { parsePromDuration } from '../format/duration.ts';
import { parseApiTime } from '../format/time.ts';
import { Ago } from '../parts/ago.tsx';
import { More, useGrowing } from '../parts/growing.tsx';
import { LabelChips } from '../parts/labels.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Value } from '../parts/value.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { Parked } from './parked.tsx';

const STATES: Readonly<Record<ActiveTarget['health'], { state: Health; word: string }>> = {
  up: { state: 'ok', word: 'up' },
  down: { state: 'firing', word: 'down' },
  unknown: { state: 'unknown', word: 'waiting' },
};

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
  const leftOut = dropped.filter(({ reason }) => reason !== undefined && reason !== RELABELLED);
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
      <LeftOut targets={leftOut} />
      {droppedCount > leftOut.length && (
        <Dropped
          count={droppedCount - leftOut.length}
          targets={dropped.filter((target) => !leftOut.includes(target))}
        />
      )}
    </section>
  );
}

/** The reason of all that rules of relabel_configs dropped; others could not be targets at all. */
const RELABELLED = 'dropped by relabel_configs';
const MAX_LEFT_OUT = 20;

/** What would be scraped if it could: a kind of discovery that is not served, an address that is none. */
function LeftOut({ targets }: { readonly targets: readonly DroppedTarget[] }) {
  if (targets.length === 0) return null;
  return (
    <ul class="discovery-problems">
      {targets.slice(0, MAX_LEFT_OUT).map(({ discoveredLabels, reason }) => (
        <li key={JSON.stringify([discoveredLabels, reason])} class="error-note">
          <span class="mono">{discoveredLabels.__address__}</span> {reason}
        </li>
      ))}
      {targets.length > MAX_LEFT_OUT && <li class="note">and {targets.length - MAX_LEFT_OUT} more</li>}
    </ul>
  );
}

/** Most dropped targets listed: service discovery may find thousands. */
const MAX_DROPPED = 100;

/** What discovery found and relabelling dropped, with the labels its rules saw. */
function Dropped({ count, targets }: { readonly count: number; readonly targets: readonly DroppedTarget[] }) {
  return (
    <details class="dropped">
      <summary>
        {count} {count === 1 ? 'target' : 'targets'} dropped by relabelling
      </summary>
      {targets.length === 0 ? (
        <p class="note">Their labels are not kept.</p>
      ) : (
        <>
          <p class="note">
            They were found and not kept: a rule of relabel_configs with the action keep or drop decided by
            these labels.
          </p>
          <ul>
            {targets.slice(0, MAX_DROPPED).map(({ discoveredLabels, scrapePool }) => (
              <li key={JSON.stringify(discoveredLabels)}>
                <span class="mono">{discoveredLabels.__address__}</span>{' '}
                <LabelChips
                  labels={Object.entries(discoveredLabels).filter(([name]) => name !== '__address__')}
                />
                <RelabelWhy pool={scrapePool ?? ''} labels={discoveredLabels} />
              </li>
            ))}
          </ul>
          {targets.length > MAX_DROPPED && <p class="note">and {targets.length - MAX_DROPPED} more</p>}
        </>
      )}
    </details>
  );
}

/** What the rules of relabel_configs did, one by one, on request. */
function RelabelWhy({ pool, labels }: { readonly pool: string; readonly labels: LabelMap }) {
  const { api } = useSession();
  const [steps, setSteps] = useState<RelabelSteps | Error>();
  const ask = async (): Promise<void> => {
    setSteps(await api.relabelSteps(pool, labels).catch((error: Error) => error));
  };
  if (steps === undefined) {
    return (
      <button type="button" class="button is-small" onClick={() => void ask()}>
        Why
      </button>
    );
  }
  if (steps instanceof Error) return <span class="text-firing">{steps.message}</span>;
  return (
    <ol class="relabel-steps">
      {steps.steps.map(({ rule, keep, changes }, i) => (
        <li key={`${i} ${JSON.stringify(rule)}`} class={keep ? undefined : 'is-dropping'}>
          <StateMark state={keep ? 'ok' : 'firing'} word={keep ? 'goes on' : 'dropped here'} />
          <code>{ruleText(rule)}</code>
          <span class="dim">
            {keep ? (changes?.length ? `${changes.length} changed` : 'changes nothing') : 'drops it'}
          </span>
        </li>
      ))}
      {steps.steps.length === 0 && <li>{steps.outcome?.reason ?? 'There are no rules.'}</li>}
    </ol>
  );
}

/** A relabel rule on one line, what stands at its default left out. */
function ruleText(rule: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(rule).filter(
    ([name, value]) =>
      value !== '' &&
      value !== 0 &&
      !(Array.isArray(value) && value.length === 0) &&
      !(name === 'separator' && value === ';') &&
      !(name === 'replacement' && value === '$1') &&
      !(name === 'regex' && value === '(.*)'),
  );
  return shown
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? `[${value.join(', ')}]` : String(value)}`)
    .join('  ');
}

function TargetRow({ target }: { readonly target: ActiveTarget }) {
  const labels = Object.entries(target.labels).filter(([name]) => name !== 'job');
  const intervalSeconds = (parsePromDuration(target.scrapeInterval) ?? 0) / 1000;
  const { router } = useSession();
  const [isOpen, setIsOpen] = useState(false);
  const isSlow = intervalSeconds > 0 && target.lastScrapeDuration > intervalSeconds / 2;
  return (
    <>
      <tr class={target.lastError === '' && !target.parked ? undefined : 'has-note'}>
        <td>
          <StateMark {...STATES[target.health]} showWord />
        </td>
        <td class="target-url">
          <button
            type="button"
            class="link-plain mono"
            aria-expanded={isOpen}
            title="How it was found, and what it says"
            onClick={() => setIsOpen(!isOpen)}
          >
            {target.scrapeUrl}
          </button>
        </td>
        <td class="target-labels">
          <LabelChips labels={labels} />
        </td>
        <td class="num" data-label="Last scrape">
          <Ago time={parseApiTime(target.lastScrape)} suffix=" ago" />
        </td>
        <td class={isSlow ? 'num text-pending' : 'num'} data-label="Took">
          <Value
            value={parseApiTime(target.lastScrape) === undefined ? null : target.lastScrapeDuration}
            unit="s"
          />
        </td>
        <td class="num dim" data-label="Every">
          {target.scrapeInterval}
        </td>
      </tr>
      {isOpen && (
        <tr class="note-row">
          <td colSpan={6}>
            <div class="target-detail">
              <p>
                <a
                  href={router.href(
                    `/graph?g0.expr=${encodeURIComponent(`{job=${JSON.stringify(target.labels.job ?? '')}, instance=${JSON.stringify(target.labels.instance ?? '')}}`)}&g0.tab=1`,
                  )}
                >
                  What it says now
                </a>
                <span class="dim"> · timeout {target.scrapeTimeout}</span>
              </p>
              <p class="dim">Found as</p>
              <LabelChips labels={Object.entries(target.discoveredLabels)} />
              <RelabelWhy pool={target.scrapePool} labels={target.discoveredLabels} />
              <PageText target={target} />
            </div>
          </td>
        </tr>
      )}
      {target.lastError !== '' && (
        <tr class="note-row">
          <td colSpan={6}>
            <span class="text-firing">{target.lastError}</span>
          </td>
        </tr>
      )}
      {target.parked && (
        <tr class="note-row">
          <td colSpan={6}>
            <Parked parked={target.parked} />
          </td>
        </tr>
      )}
    </>
  );
}

/** The page a target gives right now, on request: what an exporter really says. */
function PageText({ target }: { readonly target: ActiveTarget }) {
  const { api } = useSession();
  const [page, setPage] = useState<TargetPage | Error | 'asked'>();
  const ask = async (): Promise<void> => {
    setPage('asked');
    setPage(await api.targetPage(target.scrapePool, target.scrapeUrl).catch((error: Error) => error));
  };
  return (
    <>
      <p>
        <button type="button" class="button is-small" disabled={page === 'asked'} onClick={() => void ask()}>
          {page === undefined ? 'Show its page' : 'Ask again'}
        </button>{' '}
        {page !== undefined && page !== 'asked' && !(page instanceof Error) && (
          <span class="dim">
            <Value value={page.bytes} unit="bytes" />
            {page.text !== undefined && page.text.length < page.bytes ? ', its beginning' : ''}
          </span>
        )}
      </p>
      {page instanceof Error && <span class="text-firing">{page.message}</span>}
      {page !== undefined && page !== 'asked' && !(page instanceof Error) && (
        <textarea
          class="input mono target-page"
          aria-label="Its page"
          rows={16}
          readOnly
          spellcheck={false}
          value={page.text ?? 'It is protobuf, which is not shown.'}
        />
      )}
    </>
  );
}

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
