import { useState } from 'preact/hooks';
import { subjectOf } from '../data/alerts.ts';
import {
  INCIDENT_STATUSES,
  type IncidentAlert,
  type IncidentDetail,
  type IncidentStatus,
} from '../data/incidents.ts';
import { problemText } from '../data/problem.ts';
import { durationText } from '../format/duration.ts';
import { exactText, parseApiTime, timeText } from '../format/time.ts';
import { Ago } from '../parts/ago.tsx';
import { useAuthor } from '../parts/author.tsx';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { IncidentDialog } from './incident-dialog.tsx';
import { IncidentState } from './incident-list.tsx';

/** `/incidents/<id>`: what was noted, what fired meanwhile, and what to say next. */
export function IncidentPage() {
  const { api, router } = useSession();
  const id = decodeURIComponent(router.path.peek().split('/')[2] ?? '');
  const [isChanging, setIsChanging] = useState(false);
  const resource = useResource((abort) => api.incidents.get(id, abort), []);
  const remove = async (incident: IncidentDetail): Promise<void> => {
    await api.incidents.remove(incident.id);
    router.go('/alerts?show=incidents');
  };
  return (
    <div class="page">
      <p class="crumbs">
        <a href={router.href('/alerts?show=incidents')}>Incidents</a>
      </p>
      <View resource={resource} what="The incident" skeleton={<Skeleton rows={6} height={48} />}>
        {(incident) => (
          <>
            <div class="page-head">
              <h1 class="page-title">{incident.title}</h1>
              <IncidentState incident={incident} />
              <span class="dim">{lengthText(incident)}</span>
              {incident.isPublic && <span class="dim">on the status page</span>}
              <span class="page-action head-actions">
                <button type="button" class="button" onClick={() => setIsChanging(true)}>
                  Change
                </button>
                <a class="button" href={`${api.base}api/incidents/${incident.id}/report`} download>
                  Report
                </a>
                <ConfirmButton
                  label="Remove"
                  question="Really remove"
                  class="button"
                  onConfirm={() => remove(incident)}
                />
              </span>
            </div>
            {incident.services.length > 0 && <p class="alert-lead">{incident.services.join(', ')}</p>}
            <div class="alert-view">
              <div class="alert-main">
                <NewUpdate incident={incident} onStored={() => void resource.refresh()} />
                <section>
                  <h2 class="section-title">Timeline</h2>
                  <ol class="incident-updates">
                    {incident.updates.toReversed().map(({ id: key, at, status, text, author }) => (
                      <li key={key}>
                        <b class="incident-status">{status}</b>{' '}
                        <span class="dim">
                          <Moment at={at} />
                          {author !== '' && ` · ${author}`}
                        </span>
                        {text !== '' && <p class="incident-text">{text}</p>}
                      </li>
                    ))}
                  </ol>
                </section>
              </div>
              <section aria-label="Alerts">
                <h2 class="section-title">Alerts</h2>
                <Firings
                  alerts={incident.alerts}
                  hasMatchers={incident.matchers !== '' || incident.services.length > 0}
                />
              </section>
            </div>
            {isChanging && (
              <IncidentDialog
                from={incident}
                onClose={(stored) => {
                  setIsChanging(false);
                  if (stored) void resource.refresh();
                }}
              />
            )}
          </>
        )}
      </View>
    </div>
  );
}

function NewUpdate({ incident, onStored }: { readonly incident: IncidentDetail; onStored(): void }) {
  const { api } = useSession();
  const author = useAuthor();
  const [status, setStatus] = useState<IncidentStatus>(incident.status);
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (text.trim() === '' && status === incident.status)
      return setProblem('Write what is new, or choose how it stands.');
    try {
      await api.incidents.note(incident.id, { status, text: text.trim(), author: author.name });
      author.keep();
      setText('');
      setProblem(undefined);
      onStored();
    } catch (error) {
      setProblem(problemText(error));
    }
  };
  return (
    <form class="incident-form" onSubmit={(event) => void submit(event)}>
      <textarea
        class="input"
        rows={2}
        aria-label="What is new"
        placeholder={incident.isPublic ? 'What is new? Everybody reads this.' : 'What is new?'}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <div class="incident-form-row">
        <fieldset class="segments" aria-label="How it stands">
          {INCIDENT_STATUSES.map((one) => (
            <button
              key={one}
              type="button"
              class="segment"
              aria-pressed={status === one}
              onClick={() => setStatus(one)}
            >
              {one}
            </button>
          ))}
        </fieldset>
        {!author.isKnown && (
          <input
            class="input incident-author"
            aria-label="Who"
            placeholder="your name"
            autocomplete="username"
            value={author.typed}
            onInput={(event) => author.set(event.currentTarget.value)}
          />
        )}
        <button type="submit" class="button is-primary">
          Add
        </button>
      </div>
      {problem !== undefined && (
        <p class="error-note" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

function Firings({
  alerts,
  hasMatchers,
}: {
  readonly alerts: readonly IncidentAlert[];
  readonly hasMatchers: boolean;
}) {
  const { router, range } = useSession();
  if (alerts.length === 0) {
    return (
      <Empty title={hasMatchers ? 'None of its alerts fired.' : 'It names no alerts yet.'}>
        {hasMatchers
          ? undefined
          : 'With “Change” it gets services or labels; what fired meanwhile is gathered here.'}
      </Empty>
    );
  }
  return (
    <ul class="incident-alerts">
      {alerts.map(({ labels, fingerprint, firings }) => (
        <li key={fingerprint}>
          <a href={router.href(`/alerts/${fingerprint}${range.carry.value}`)}>
            {labels.alertname ?? 'alert'}
          </a>{' '}
          <span class="dim">{subjectOf(labels)}</span>
          {firings.map(({ from, to }) => (
            <span class="incident-firing dim" key={from ?? ''}>
              {from === null ? 'from before' : <Moment at={from} />} –{' '}
              {to === null ? 'goes on' : <Moment at={to} />}
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}

function Moment({ at }: { readonly at: string }) {
  const { now, zone } = useSession();
  const time = parseApiTime(at) ?? 0;
  return (
    <time dateTime={at} title={exactText(time, zone.shown.value)}>
      {timeText(time, now.peek(), zone.shown.value)}
    </time>
  );
}

function lengthText({ startedAt, endedAt }: IncidentDetail) {
  const from = parseApiTime(startedAt) ?? 0;
  if (endedAt === null) return <Ago time={from} />;
  return `${durationText((parseApiTime(endedAt) ?? 0) - from)} long`;
}
