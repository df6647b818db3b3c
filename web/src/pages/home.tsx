import { useEffect, useMemo, useState } from 'preact/hooks';
import { alertRows, isQuiet } from '../data/alerts.ts';
import type { LabelMap } from '../data/api-types.ts';
import { type HostRow, hostRows } from '../data/hosts.ts';
import { parsePromDuration } from '../format/duration.ts';
import { SilenceDialog } from '../parts/silence-dialog.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useAlerts, useResource, useSession } from '../session.ts';
import { AlertList } from './alert-list.tsx';
import { loadOverview } from './home-queries.ts';
import { HostGraphs } from './host-graphs.tsx';
import { HostTable } from './host-table.tsx';
import { SelfLine } from './self-line.tsx';

/** What is wrong, what is watched, how the hosts are: without any set-up. */
export function Home() {
  const session = useSession();
  const { api, router, queries, range, watched } = session;
  const alerts = useAlerts();
  const targets = useResource((abort) => api.targets(abort), [watched.value]);
  // A range that nobody has chosen begins with the first data.
  const isFitted = !router.query.value.has('from');
  const overview = useResource(
    (abort) => loadOverview(queries, range.resolve(), isFitted, abort),
    [range.text.value, isFitted],
    { isEmpty: ({ hosts }) => hosts.size === 0 },
  );
  const hostKeys = overview.data.value?.hosts ?? NO_HOSTS;
  const rows = useMemo(
    () => hostRows(targets.data.value ?? [], alerts.data.value ?? [], hostKeys),
    [targets.data.value, alerts.data.value, hostKeys],
  );
  const wanted = router.query.value.get('host');
  const [worst, setWorst] = useState<string>();
  const shownHost = wanted !== null && hostKeys.has(wanted) ? wanted : worst;
  const first = firstHost(rows);
  useEffect(() => {
    if (worst === undefined || !hostKeys.has(worst)) setWorst(first);
  }, [worst, first]);

  return (
    <div class="home">
      <h1 class="sr-only">Home</h1>
      <FiringSection />
      <section aria-labelledby="hosts-title">
        <h2 id="hosts-title" class="section-title">
          Hosts and services
        </h2>
        <View resource={targets} what="The targets" skeleton={<Skeleton rows={3} height={37} />}>
          {(list) =>
            list.length === 0 ? (
              <Empty
                title="Nothing is scraped yet."
                code={
                  'host: {}\nself: {}\nscrape_configs:\n  - job_name: backend\n    static_configs:\n      - targets: ["localhost:8000"]'
                }
              >
                Name what to watch in belfry.yaml, then reload (SIGHUP). For instance:
              </Empty>
            ) : (
              <HostTable
                rows={rows}
                overview={overview.data.value}
                selected={hostKeys.size > 1 ? shownHost : undefined}
              />
            )
          }
        </View>
      </section>
      {shownHost !== undefined && (
        <HostGraphs
          key={shownHost}
          hostKey={shownHost}
          since={overview.data.value?.since}
          scrapeSeconds={scrapeSecondsOf(rows, shownHost) ?? session.scrapeSeconds()}
        />
      )}
      <SelfLine />
    </div>
  );
}

const NO_HOSTS: ReadonlySet<string> = new Set();

/** The worst host when the page opens; it stays, so that the graphs do not change under the reader's eyes. */
const firstHost = (rows: readonly HostRow[]): string | undefined => rows.find((row) => row.isHost)?.key;

function scrapeSecondsOf(rows: readonly HostRow[], key: string): number | undefined {
  const interval = parsePromDuration(rows.find((row) => row.key === key)?.targets[0]?.scrapeInterval ?? '');
  return interval === undefined ? undefined : interval / 1000;
}

/** Alerts that Home lists, so that the hosts below stay in reach. */
const LISTED = 20;

function FiringSection() {
  const { api, router, range, alerts } = useSession();
  const notified = useResource((abort) => api.notifierAlerts(abort), []);
  const [silencing, setSilencing] = useState<LabelMap>();
  const rows = useMemo(
    () => alertRows(alerts.data.value ?? [], notified.data.value ?? []),
    [alerts.data.value, notified.data.value],
  );
  const firing = rows.filter((row) => row.state === 'firing').length;
  const pending = rows.length - firing;
  const quiet = rows.filter(isQuiet).length;
  const title = [firing > 0 && `${firing} firing`, pending > 0 && `${pending} pending`]
    .filter(Boolean)
    .join(', ');
  return (
    <section aria-label="Alerts" aria-live="polite">
      <View resource={alerts} what="The alerts" skeleton={<Skeleton rows={1} height={36} />}>
        {() =>
          rows.length === 0 ? (
            <p class="all-quiet">
              <svg class="state-shape state-ok" viewBox="0 0 12 12" aria-hidden="true">
                <circle class="state-solid" cx="6" cy="6" r="3.5" />
              </svg>
              Nothing is firing.
            </p>
          ) : (
            <>
              <h2 class="section-title">
                {title}
                {quiet > 0 && <span class="section-note">{quiet} silenced or held back</span>}
              </h2>
              <AlertList rows={rows.slice(0, LISTED)} onSilence={setSilencing} />
              {rows.length > LISTED && (
                <p class="list-rest">
                  <a href={router.href(`/alerts${allAlerts(range.carry.value)}`)}>
                    Show all {rows.length} alerts
                  </a>
                </p>
              )}
            </>
          )
        }
      </View>
      {silencing && (
        <SilenceDialog
          labels={silencing}
          onClose={(created) => {
            setSilencing(undefined);
            if (created) void notified.refresh();
          }}
        />
      )}
    </section>
  );
}

function allAlerts(carry: string): string {
  const query = new URLSearchParams(carry);
  query.set('show', 'alerts');
  return `?${query}`;
}
