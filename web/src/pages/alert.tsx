import { useState } from 'preact/hooks';
import { type AlertRow, alertRows, otherLabels, subjectOf } from '../data/alerts.ts';
import type { AlertingRule, RuleGroup } from '../data/api-types.ts';
import { traceSteps } from '../data/trace.ts';
import type { AlertTrace } from '../data/trace-types.ts';
import { parseApiTime } from '../format/time.ts';
import { Ago } from '../parts/ago.tsx';
import { LabelChips } from '../parts/labels.tsx';
import { SilenceDialog } from '../parts/silence-dialog.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { AlertGraph } from './alert-graph.tsx';
import { AlertHistory } from './alert-past.tsx';
import { AlertValue } from './alert-value.tsx';
import { IncidentDialog } from './incident-dialog.tsx';
import { Rehearsal } from './rehearsal.tsx';
import { Annotations, hasLabels } from './rule-item.tsx';
import { SentList } from './sent-list.tsx';
import { WhyTrace } from './why-trace.tsx';

interface AlertFacts {
  readonly row: AlertRow | undefined;
  readonly rule: AlertingRule | undefined;
  readonly trace: AlertTrace | undefined;
}

/** `/alerts/<fingerprint>`: one alert: what is true now, how it came to be, who was told and why. */
export function AlertPage() {
  const { api, router, clock, zone } = useSession();
  const id = decodeURIComponent(router.path.peek().split('/')[2] ?? '');
  const [isSilencing, setIsSilencing] = useState(false);
  const [isBeginning, setIsBeginning] = useState(false);
  const resource = useResource(async (abort): Promise<AlertFacts> => {
    const [alerts, notified, groups] = await Promise.all([
      api.alerts(abort),
      api.notifierAlerts(abort),
      api.rules(abort),
    ]);
    const row = alertRows(alerts, notified).find((one) => one.id === id || one.ownId === id);
    // The notifier hears of an alert once it fires.
    const trace = row?.state === 'pending' ? undefined : await api.alertTrace(row?.id ?? id, abort);
    return { row, rule: ruleOf(groups, row, trace), trace };
  }, []);
  return (
    <div class="page">
      <p class="crumbs">
        <a href={router.href('/alerts')}>Alerts</a>
      </p>
      <View resource={resource} what="The alert" skeleton={<Skeleton rows={6} height={48} />}>
        {(facts) => {
          const { row, rule, trace } = facts;
          const labels = row?.labels ?? trace?.alert?.labels;
          if (!labels) {
            return (
              <Empty title="This alert is over.">
                Nothing is known of it any more; what was sent is under{' '}
                <a href={router.href('/alerts?show=sent')}>Notifications</a>.
              </Empty>
            );
          }
          const annotations = row?.annotations ?? trace?.alert?.annotations ?? {};
          const { summary, ...texts } = annotations;
          const name = labels.alertname ?? 'Alert';
          return (
            <>
              <div class="page-head">
                <h1 class="page-title">{name}</h1>
                {row ? (
                  <span class="alert-now">
                    <StateMark state={row.state} showWord /> <Ago time={row.activeAt} />
                  </span>
                ) : (
                  <span class="alert-now">
                    <StateMark state="ok" word="over" showWord />{' '}
                    <Ago time={parseApiTime(trace?.alert?.endsAt)} suffix=" ago" />
                  </span>
                )}
                {row && (
                  <span class="alert-now-value">
                    <AlertValue row={row} {...(rule ? { expr: rule.query } : {})} />
                  </span>
                )}
                <span class="dim">{subjectOf(labels)}</span>
                <span class="page-action head-actions">
                  <button type="button" class="button" onClick={() => setIsBeginning(true)}>
                    New incident
                  </button>
                  <button type="button" class="button" onClick={() => setIsSilencing(true)}>
                    Silence
                  </button>
                </span>
              </div>
              {summary !== undefined && <p class="alert-lead">{summary}</p>}
              <div class="alert-view">
                <div class="alert-main">
                  {rule && (
                    <section aria-label="The expression over time">
                      <AlertGraph
                        expr={rule.query}
                        name={name}
                        {...(row ? { labels: row.labels } : {})}
                        {...(trace ? { notifications: trace.notifications } : {})}
                      />
                    </section>
                  )}
                  {row && row.value === undefined ? (
                    <p class="dim">
                      No rule of this server makes this alert: it was posted, or says that a receiver fails.
                      Its past is that of its messages.
                    </p>
                  ) : (
                    <AlertHistory labels={labels} />
                  )}
                  {rule && rule.health !== 'err' && <Rehearsal rule={rule} />}
                  <section>
                    <h2 class="section-title">Labels and texts</h2>
                    <LabelChips labels={otherLabels(labels)} />
                    <Annotations annotations={texts} />
                  </section>
                  {trace && trace.notifications.length > 0 && (
                    <section>
                      <h2 class="section-title">Messages about it</h2>
                      <SentList sent={trace.notifications} isJoined />
                    </section>
                  )}
                </div>
                <section class="alert-why" aria-label="Why">
                  <h2 class="section-title">Why</h2>
                  <WhyTrace
                    steps={traceSteps({ row, rule, trace, now: clock.now(), zone: zone.shown.value })}
                  />
                </section>
              </div>
              {isBeginning && (
                <IncidentDialog
                  from={{ title: summary ?? name, matchers: `alertname=${JSON.stringify(name)}` }}
                  onClose={(begun) => {
                    setIsBeginning(false);
                    if (begun) router.go(`/incidents/${begun.id}`);
                  }}
                />
              )}
              {isSilencing && (
                <SilenceDialog
                  labels={labels}
                  onClose={(created) => {
                    setIsSilencing(false);
                    if (created) void resource.refresh();
                  }}
                />
              )}
            </>
          );
        }}
      </View>
    </div>
  );
}

function ruleOf(
  groups: readonly RuleGroup[],
  row: AlertRow | undefined,
  trace: AlertTrace | undefined,
): AlertingRule | undefined {
  const labels = row?.labels ?? trace?.alert?.labels ?? {};
  const rules = groups
    .flatMap((group) => group.rules)
    .filter((rule): rule is AlertingRule => rule.type === 'alerting' && rule.name === labels.alertname);
  return rules.find((rule) => hasLabels(labels, rule)) ?? rules[0];
}
