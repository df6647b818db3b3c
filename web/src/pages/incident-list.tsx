import { useState } from 'preact/hooks';
import type { Incident } from '../data/incidents.ts';
import { parseApiTime } from '../format/time.ts';
import { Ago } from '../parts/ago.tsx';
import { More, useGrowing } from '../parts/growing.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { IncidentDialog } from './incident-dialog.tsx';

/** What goes on, then what is over, newest first; and the states of services where there are any. */
export function IncidentList() {
  const { api, router } = useSession();
  const incidents = useResource((abort) => api.incidents.list(abort), []);
  const known = useResource((abort) => api.incidents.services(abort), []).data.value;
  const [isBeginning, setIsBeginning] = useState(false);
  return (
    <>
      <div class="section-head">
        {known && known.services.length > 0 && (
          <ul class="service-states" aria-label="Services">
            {known.services.map(({ name, state }) => (
              <li key={name}>
                <StateMark state={SERVICE_MARKS[state]} word={state} /> {name}
              </li>
            ))}
          </ul>
        )}
        {known?.statusPage != null && (
          <a href={router.href(`/${known.statusPage}`)} target="_blank" rel="noreferrer">
            Status page
          </a>
        )}
        <button type="button" class="button" onClick={() => setIsBeginning(true)}>
          New incident
        </button>
      </div>
      <View resource={incidents} what="The incidents" skeleton={<Skeleton rows={3} height={48} />}>
        {(list) => <Incidents incidents={list} />}
      </View>
      {isBeginning && (
        <IncidentDialog
          from={{}}
          onClose={(begun) => {
            setIsBeginning(false);
            if (begun) router.go(`/incidents/${begun.id}`);
          }}
        />
      )}
    </>
  );
}

const SERVICE_MARKS = { up: 'ok', degraded: 'pending', down: 'firing', unknown: 'unknown' } as const;

function Incidents({ incidents }: { readonly incidents: readonly Incident[] }) {
  const { router } = useSession();
  const growth = useGrowing('');
  if (incidents.length === 0) {
    return (
      <Empty title="No incident was noted.">
        An incident is what people note of something that goes wrong, with the alerts that belong to it.
      </Empty>
    );
  }
  const ordered = [
    ...incidents.filter(({ endedAt }) => endedAt === null),
    ...incidents.filter(({ endedAt }) => endedAt !== null),
  ];
  return (
    <>
      <ul class="incident-list">
        {ordered.slice(0, growth.shown).map((incident) => {
          const last = incident.updates.at(-1);
          return (
            <li key={incident.id} class="incident">
              <IncidentState incident={incident} />
              <span class="incident-what">
                <a class="incident-title" href={router.href(`/incidents/${incident.id}`)}>
                  {incident.title}
                </a>
                {incident.services.length > 0 && <span class="dim">{incident.services.join(', ')}</span>}
                {last && last.text !== '' && <span class="incident-text">{last.text}</span>}
              </span>
              <span class="dim incident-when">
                <Ago time={parseApiTime(incident.startedAt)} suffix=" ago" />
                {incident.isPublic && ' · public'}
              </span>
            </li>
          );
        })}
      </ul>
      <More growth={growth} count={ordered.length} what="incidents" />
    </>
  );
}

/** How far people are with it. */
export function IncidentState({ incident }: { readonly incident: Incident }) {
  const { status } = incident;
  const state = status === 'resolved' ? 'ok' : status === 'monitoring' ? 'pending' : 'firing';
  return <StateMark state={state} word={status} showWord />;
}
