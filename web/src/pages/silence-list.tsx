import { useState } from 'preact/hooks';
import type { LabelMap, Silence } from '../data/api-types.ts';
import { problemText } from '../data/problem.ts';
import { matcherText, matchesAll } from '../data/silences.ts';
import { parseApiTime } from '../format/time.ts';
import { Ago, Until } from '../parts/ago.tsx';
import { SilenceDialog } from '../parts/silence-dialog.tsx';
import { Empty } from '../parts/view-state.tsx';
import { useSession } from '../session.ts';

interface SilenceListProps {
  readonly silences: readonly Silence[];
  readonly alerts: readonly { readonly labels: LabelMap }[];
  /** The silence a link asked for. */
  readonly wanted: string | undefined;
  onChanged(): void;
}

/** Silences that count first, then those that are over. */
export function SilenceList({ silences, alerts, wanted, onChanged }: SilenceListProps) {
  const live = silences.filter((silence) => silence.status.state !== 'expired');
  const expired = silences.filter((silence) => silence.status.state === 'expired');
  if (silences.length === 0) {
    return (
      <Empty title="Nothing is silenced.">
        “Silence” on an alert fills in its labels; “New silence” starts from nothing.
      </Empty>
    );
  }
  return (
    <>
      {live.length === 0 ? (
        <p class="note">No silence is active.</p>
      ) : (
        <ul class="silence-list">
          {live.map((silence) => (
            <SilenceItem
              key={silence.id}
              silence={silence}
              alerts={alerts}
              isWanted={silence.id === wanted}
              onChanged={onChanged}
            />
          ))}
        </ul>
      )}
      {expired.length > 0 && (
        <details class="expired" open={expired.some((silence) => silence.id === wanted)}>
          <summary>{expired.length} expired</summary>
          <ul class="silence-list">
            {expired.map((silence) => (
              <SilenceItem
                key={silence.id}
                silence={silence}
                alerts={[]}
                isWanted={silence.id === wanted}
                onChanged={onChanged}
              />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

interface SilenceItemProps {
  readonly silence: Silence;
  readonly alerts: readonly { readonly labels: LabelMap }[];
  readonly isWanted: boolean;
  onChanged(): void;
}

const EXTEND_MS = 2 * 3_600_000;
/** Silences that end within this time are marked. */
const SOON_MS = 30 * 60_000;

function SilenceItem({ silence, alerts, isWanted, onChanged }: SilenceItemProps) {
  const { api, clock } = useSession();
  const [problem, setProblem] = useState<string>();
  const [isEditing, setIsEditing] = useState(false);
  const ends = parseApiTime(silence.endsAt) ?? 0;
  const { state } = silence.status;
  const hits = state === 'active' ? alerts.filter((alert) => isHit(silence, alert)).length : undefined;
  const act = async (action: () => Promise<unknown>): Promise<void> => {
    try {
      await action();
      setProblem(undefined);
      onChanged();
    } catch (error) {
      setProblem(problemText(error));
    }
  };
  const extend = (): Promise<string> => {
    const { id, matchers, startsAt, createdBy, comment } = silence;
    return api.createSilence({
      id,
      matchers,
      startsAt,
      createdBy,
      comment,
      endsAt: new Date(ends + EXTEND_MS).toISOString(),
    });
  };
  return (
    <li class={`silence is-${state}${isWanted ? ' is-wanted' : ''}`}>
      <div class="silence-matchers mono">{silence.matchers.map(matcherText).join('  ')}</div>
      <div class="silence-facts">
        {state === 'expired' ? (
          <span>
            ended <Ago time={ends} suffix=" ago" />
          </span>
        ) : (
          <span
            class={
              state === 'active' && ends - clock.now() < SOON_MS
                ? 'silence-left text-pending'
                : 'silence-left'
            }
          >
            {state === 'pending' ? 'not started · ' : ''}
            <Until time={ends} /> left
          </span>
        )}
        {hits !== undefined && (
          <span class={hits === 0 ? 'text-pending' : undefined}>
            {hits === 0 ? 'matches nothing now' : `holds back ${hits} ${hits === 1 ? 'alert' : 'alerts'}`}
          </span>
        )}
        <span class="dim">
          {silence.createdBy}
          {silence.comment !== '' && `: ${silence.comment}`}
        </span>
      </div>
      {problem !== undefined && <p class="error-note">{problem}</p>}
      {state !== 'expired' && (
        <div class="silence-actions">
          <button type="button" class="button is-small" onClick={() => setIsEditing(true)}>
            Edit
          </button>
          <button type="button" class="button is-small" onClick={() => void act(extend)}>
            Extend 2 h
          </button>
          <button
            type="button"
            class="button is-small"
            onClick={() => void act(() => api.expireSilence(silence.id))}
          >
            End now
          </button>
        </div>
      )}
      {isEditing && (
        <SilenceDialog
          labels={undefined}
          silence={silence}
          onClose={(isChanged) => {
            setIsEditing(false);
            if (isChanged) onChanged();
          }}
        />
      )}
    </li>
  );
}

function isHit(silence: Silence, alert: { readonly labels: LabelMap }): boolean {
  try {
    return matchesAll(silence.matchers, alert.labels);
  } catch {
    return false; // a regular expression of the server's dialect that the browser does not know
  }
}
