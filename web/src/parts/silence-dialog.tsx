import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { alertRows } from '../data/alerts.ts';
import type { LabelMap, Silence } from '../data/api-types.ts';
import { problemText } from '../data/problem.ts';
import { matchersFor, matcherText, matchesAll, parseMatchers } from '../data/silences.ts';
import { parsePromDuration, promDuration } from '../format/duration.ts';
import { parseApiTime, timeText } from '../format/time.ts';
import { useAlerts, useResource, useSession } from '../session.ts';
import { AuthorField, useAuthor } from './author.tsx';

interface SilenceDialogProps {
  /** The alert to start from; undefined starts from nothing. */
  readonly labels: LabelMap | undefined;
  /** The silence to change, instead of making one. */
  readonly silence?: Silence;
  /** Called with true once the silence exists. */
  onClose(created: boolean): void;
}

const DURATIONS = ['30m', '2h', '8h', '1d', '7d'];

/** Two clicks from an alert to its silence: the matchers are filled in, what they hit is counted while typing. */
export function SilenceDialog({ labels, silence, onClose }: SilenceDialogProps) {
  const { api, clock, now, zone } = useSession();
  const alerts = useAlerts();
  const notified = useResource((abort) => api.notifierAlerts(abort), []);
  const author = useAuthor();
  const dialog = useRef<HTMLDialogElement>(null);
  const [matchers, setMatchers] = useState(
    () => silence?.matchers.map(matcherText).join('\n') ?? (labels ? matchersFor(labels) : ''),
  );
  // A silence that has begun lasts from now on as long as is left of it.
  const begin = Math.max((silence && parseApiTime(silence.startsAt)) ?? 0, now.value);
  const [duration, setDuration] = useState(() => (silence ? lengthText(silence, begin) : '2h'));
  const [comment, setComment] = useState(silence?.comment ?? '');
  const [problem, setProblem] = useState<string>();
  const [isSending, setIsSending] = useState(false);

  useLayoutEffect(() => dialog.current?.showModal(), []);

  const lengthMs = parsePromDuration(duration);
  const reading = readMatchers(matchers);
  const hits = reading.matchers?.length
    ? alertRows(alerts.data.value ?? [], notified.data.value ?? []).filter(({ labels: own }) =>
        matchesAll(reading.matchers!, own),
      )
    : [];

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!reading.matchers?.length) return setProblem(reading.error ?? 'Give at least one matcher.');
    if (lengthMs === undefined || lengthMs === 0) return setProblem('Give a duration such as 2h or 1d12h.');
    setIsSending(true);
    setProblem(undefined);
    try {
      const start = Math.max(begin, clock.now());
      await api.createSilence({
        ...(silence ? { id: silence.id } : {}),
        matchers: reading.matchers,
        startsAt: silence?.startsAt ?? new Date(start).toISOString(),
        endsAt: new Date(start + lengthMs).toISOString(),
        createdBy: author.name || silence?.createdBy || 'the page',
        comment: comment.trim() || 'silenced from the page',
      });
      author.keep();
      onClose(true);
    } catch (error) {
      setProblem(problemText(error));
      setIsSending(false);
    }
  };

  return (
    <dialog class="dialog" ref={dialog} aria-labelledby="silence-title" onClose={() => onClose(false)}>
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="silence-title">
          {silence ? 'Edit the silence' : `Silence ${labels?.alertname ?? 'alerts'}`}
        </h2>
        <label class="field">
          <span>Alerts with these labels</span>
          <textarea
            class="input mono"
            rows={Math.min(8, Math.max(3, matchers.split('\n').length))}
            value={matchers}
            spellcheck={false}
            placeholder={'alertname="HighErrorRate"\ninstance=~"web-.*"'}
            onInput={(event) => setMatchers(event.currentTarget.value)}
          />
        </label>
        <p class="field-note" role="status">
          {reading.error ?? hitText(hits.length, reading.matchers?.length ?? 0)}
        </p>
        <fieldset class="field">
          <legend>For</legend>
          <span class="segments">
            {DURATIONS.map((option) => (
              <button
                key={option}
                type="button"
                class="segment"
                aria-pressed={duration === option}
                onClick={() => setDuration(option)}
              >
                {option.replace(/(\d+)(\w)/, '$1 $2')}
              </button>
            ))}
            <input
              class="input is-short"
              aria-label="Another duration"
              value={duration}
              onInput={(event) => setDuration(event.currentTarget.value)}
            />
          </span>
        </fieldset>
        <div class="field-pair">
          <label class="field">
            <span>Why</span>
            <input
              class="input"
              value={comment}
              placeholder="what is known"
              onInput={(event) => setComment(event.currentTarget.value)}
            />
          </label>
          <AuthorField author={author} />
        </div>
        {problem !== undefined && (
          <p class="error-note" role="alert">
            {problem}
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button
            type="submit"
            class="button is-primary"
            disabled={isSending}
            autofocus={labels !== undefined || silence !== undefined}
          >
            {lengthMs === undefined
              ? 'Silence'
              : `Silence until ${timeText(begin + lengthMs - ((begin + lengthMs) % 60_000), now.value, zone.shown.value)}`}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** What is left of a silence, in whole minutes. */
const lengthText = ({ endsAt }: Silence, begin: number): string =>
  promDuration(Math.max(60_000, Math.round(((parseApiTime(endsAt) ?? 0) - begin) / 60_000) * 60_000));

function readMatchers(text: string): { matchers?: ReturnType<typeof parseMatchers>; error?: string } {
  try {
    return { matchers: parseMatchers(text) };
  } catch (error) {
    return { error: problemText(error) };
  }
}

function hitText(count: number, matchers: number): string {
  if (matchers === 0) return 'No matcher yet.';
  if (count === 0) return 'Matches no alert now.';
  return count === 1 ? 'Matches 1 alert now.' : `Matches ${count} alerts now.`;
}
