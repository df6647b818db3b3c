import { useMemo, useState } from 'preact/hooks';
import { type AlertRow, alertRows } from '../data/alerts.ts';
import type { AlertingRule, LabelMap, RuleGroup } from '../data/api-types.ts';
import { matchesAll, parseMatchers } from '../data/silences.ts';
import { More, useGrowing } from '../parts/growing.tsx';
import { SilenceDialog } from '../parts/silence-dialog.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useAlerts, useResource, useSession } from '../session.ts';
import { AlertList } from './alert-list.tsx';
import { IncidentList } from './incident-list.tsx';
import { Notifications } from './notifications.tsx';
import { RuleGroupTable } from './rule-groups.tsx';
import { RuleItem } from './rule-item.tsx';
import { SilenceList } from './silence-list.tsx';

type Show = 'rules' | 'alerts' | 'silences' | 'sent' | 'incidents' | 'groups';

const TABS: readonly (readonly [Show, string])[] = [
  ['rules', 'By rule'],
  ['alerts', 'All alerts'],
  ['silences', 'Silences'],
  ['sent', 'Notifications'],
  ['incidents', 'Incidents'],
  ['groups', 'Rules'],
];

/** Alerts by rule, all firing and pending ones in one list, the silences, what was sent, and incidents. */
export function Alerts() {
  const { api, router } = useSession();
  const alerts = useAlerts();
  const query = router.query.value;
  const show = (TABS.find(([name]) => name === query.get('show'))?.[0] ??
    (query.has('filter') ? 'alerts' : 'rules')) satisfies Show;
  const rules = useResource((abort) => api.rules(abort), []);
  const notified = useResource((abort) => api.notifierAlerts(abort), []);
  const silences = useResource((abort) => api.silences(abort), []);
  const [silencing, setSilencing] = useState<{ labels: LabelMap | undefined }>();
  const [search, setSearch] = useState(query.get('rule') ?? '');
  const rows = useMemo(
    () => alertRows(alerts.data.value ?? [], notified.data.value ?? []),
    [alerts.data.value, notified.data.value],
  );
  const activeSilences = (silences.data.value ?? []).filter(
    (silence) => silence.status.state !== 'expired',
  ).length;
  const counts: Counts = {
    rules: rules.data.value?.reduce((sum, group) => sum + alertingOf(group).length, 0),
    alerts: rows.length,
    silences: activeSilences,
    sent: undefined,
    incidents: undefined,
    groups: rules.data.value?.reduce((sum, group) => sum + group.rules.length, 0),
  };

  const onSilence = (labels?: LabelMap): void => setSilencing({ labels });
  return (
    <div class="page">
      <div class="page-head">
        <h1 class="page-title">Alerts</h1>
        <Tabs show={show} counts={counts} />
        {(show === 'rules' || show === 'groups') && (
          <input
            class="input search-input"
            type="search"
            aria-label="Filter rules"
            placeholder="Filter by name, label or group"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        )}
        <button type="button" class="button page-action" onClick={() => onSilence()}>
          New silence
        </button>
      </div>

      {(show === 'rules' || show === 'groups') && (
        <View resource={rules} what="The rules" skeleton={<Skeleton rows={6} height={40} />}>
          {(groups) =>
            show === 'rules' ? (
              <RuleGroups groups={groups} search={search} rows={rows} onSilence={onSilence} />
            ) : (
              <RuleGroupTable groups={groups} search={search} />
            )
          }
        </View>
      )}
      {show === 'alerts' && (
        <View resource={alerts} what="The alerts" skeleton={<Skeleton rows={3} height={40} />}>
          {() => <AllAlerts rows={rows} filter={query.get('filter')} onSilence={onSilence} />}
        </View>
      )}
      {show === 'silences' && (
        <View resource={silences} what="The silences" skeleton={<Skeleton rows={3} height={40} />}>
          {(list) => (
            <SilenceList
              silences={list}
              alerts={rows}
              wanted={query.get('silence') ?? undefined}
              onChanged={() => void silences.refresh()}
            />
          )}
        </View>
      )}
      {show === 'sent' && <Notifications />}
      {show === 'incidents' && <IncidentList />}
      {silencing && (
        <SilenceDialog
          labels={silencing.labels}
          onClose={(created) => {
            setSilencing(undefined);
            if (!created) return;
            void silences.refresh();
            void notified.refresh();
          }}
        />
      )}
    </div>
  );
}

type Counts = Readonly<Record<Show, number | undefined>>;

function Tabs({ show, counts }: { readonly show: Show; readonly counts: Counts }) {
  const { router } = useSession();
  const open = (name: Show): void =>
    router.setQuery({
      show: name === 'rules' ? undefined : name,
      filter: undefined,
      silence: undefined,
      search: undefined,
      outcome: undefined,
    });
  return (
    <div class="segments" role="tablist" aria-label="What to show">
      {TABS.map(([name, title]) => (
        <button
          key={name}
          type="button"
          role="tab"
          class="segment"
          aria-selected={show === name}
          onClick={() => open(name)}
        >
          {title} {counts[name] !== undefined && <span class="count">{counts[name]}</span>}
        </button>
      ))}
    </div>
  );
}

interface AllAlertsProps {
  readonly rows: readonly AlertRow[];
  readonly filter: string | null;
  onSilence(labels: LabelMap): void;
}

function AllAlerts({ rows, filter, onSilence }: AllAlertsProps) {
  const { router } = useSession();
  const shown = filterRows(rows, filter);
  return (
    <>
      {filter !== null && (
        <p class="note">
          Shown: {shown.length} of {rows.length}, with {filter}.{' '}
          <button
            type="button"
            class="link-button"
            onClick={() => router.setQuery({ filter: undefined, show: 'alerts' })}
          >
            Show all
          </button>
        </p>
      )}
      {shown.length === 0 ? (
        <Empty title="Nothing is firing or pending." />
      ) : (
        <AlertList rows={shown} onSilence={onSilence} />
      )}
    </>
  );
}

interface RuleGroupsProps {
  readonly groups: readonly RuleGroup[];
  readonly search: string;
  readonly rows: readonly AlertRow[];
  onSilence(labels: LabelMap): void;
}

function RuleGroups({ groups, search, rows, onSilence }: RuleGroupsProps) {
  const wanted = search.trim().toLowerCase();
  const growth = useGrowing(wanted);
  const searchable = useMemo(() => searchableRules(groups), [groups]);
  const rowsOf = useMemo(() => Map.groupBy(rows, ({ name }) => name), [rows]);
  const found = searchable.filter(({ text }) => wanted === '' || text.includes(wanted));
  if (searchable.length === 0) {
    return (
      <Empty
        title="There are no alert rules."
        code={
          'rule_files:\n  - alerts/*.yml\n\n# or right in belfry.yaml:\ngroups:\n  - name: host\n    rules:\n      - alert: DiskAlmostFull\n        expr: node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.1\n        for: 10m'
        }
      >
        Name your rule files in belfry.yaml, or write rules into it:
      </Empty>
    );
  }
  if (found.length === 0) return <Empty title={`No rule matches “${search}”.`} />;
  const shown = Map.groupBy(found.slice(0, growth.shown), ({ group }) => group);
  return (
    <>
      {[...shown].map(([group, rules]) => (
        <section key={`${group.file} ${group.name}`} class="rule-group">
          <h2 class="section-title">
            {group.name}{' '}
            <span class="section-note">
              {group.file} · every {group.interval} s
            </span>
          </h2>
          <ul class="rule-list">
            {rules.map(({ rule }) => (
              <RuleItem
                key={rule.name + rule.query}
                rule={rule}
                rows={rowsOf.get(rule.name) ?? []}
                isOpenAtFirst={wanted !== '' && rule.name.toLowerCase() === wanted}
                onSilence={onSilence}
              />
            ))}
          </ul>
        </section>
      ))}
      <More growth={growth} count={found.length} what="rules" />
    </>
  );
}

interface SearchableRule {
  readonly group: RuleGroup;
  readonly rule: AlertingRule;
  /** What a filter is looked for in, in small letters. */
  readonly text: string;
}

/** All alerting rules in the order in which they are shown. */
const searchableRules = (groups: readonly RuleGroup[]): SearchableRule[] =>
  groups.flatMap((group) =>
    sortRules(alertingOf(group)).map((rule) => ({ group, rule, text: searchText(rule, group) })),
  );

const alertingOf = (group: RuleGroup): AlertingRule[] =>
  group.rules.filter((rule): rule is AlertingRule => rule.type === 'alerting');

const STATE_ORDER: Readonly<Record<string, number>> = { firing: 0, pending: 1, unknown: 2, inactive: 3 };

function sortRules(rules: readonly AlertingRule[]): AlertingRule[] {
  const rank = (rule: AlertingRule): number => (rule.health === 'err' ? 0.5 : (STATE_ORDER[rule.state] ?? 2));
  return [...rules].sort((a, b) => rank(a) - rank(b));
}

function searchText(rule: AlertingRule, group: RuleGroup): string {
  const labels = Object.entries(rule.labels).map(([name, value]) => `${name}=${value}`);
  return [rule.name, group.name, ...labels].join(' ').toLowerCase();
}

/** Alertmanager's `filter={job="x"}`; one that cannot be read shows everything. */
function filterRows(rows: readonly AlertRow[], filter: string | null): readonly AlertRow[] {
  if (filter === null) return rows;
  try {
    const matchers = parseMatchers(filter);
    return rows.filter((row) => matchesAll(matchers, row.labels));
  } catch {
    return rows;
  }
}
