import { type SentRun, sentRuns } from '../data/sent-runs.ts';
import type { SentNotification } from '../data/trace-types.ts';
import { timeText } from '../format/time.ts';
import { Ago } from '../parts/ago.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { useSession } from '../session.ts';

/** Messages that were tried: when, to whom, about what, and what the receiver answered; with `isJoined`, those that failed alike as one. */
export function SentList({
  sent,
  isJoined = false,
}: {
  readonly sent: readonly SentNotification[];
  readonly isJoined?: boolean;
}) {
  const { now, router, range, zone } = useSession();
  return (
    <ul class="sent-list">
      {(isJoined ? sentRuns(sent) : sent.map(alone)).map(({ last: one, count, since, attempts }) => (
        <li key={one.id} class="sent">
          <StateMark
            state={one.outcome === 'delivered' ? 'ok' : 'firing'}
            word={one.outcome === 'delivered' ? 'delivered' : 'failed'}
          />
          <span class="sent-when">
            {timeText(one.at, now.peek(), zone.shown.value)}{' '}
            <span class="dim">
              <Ago time={one.at} suffix=" ago" />
            </span>
          </span>
          <span class="sent-to">
            <b>{one.receiver}</b> <span class="dim">{one.integration}</span>
          </span>
          <span class="sent-about">
            {namesOf(one).map(({ name, id, count }) => (
              <a key={name} href={router.href(`/alerts/${id}${range.carry.value}`)}>
                {name}
                {count > 1 && ` × ${count}`}
              </a>
            ))}
            <span class="dim">
              {one.status === 'resolved' ? 'resolved' : 'firing'} · {one.reason}
            </span>
          </span>
          <span class={one.outcome === 'failed' ? 'sent-answer text-firing' : 'sent-answer dim'}>
            {one.answer || (one.outcome === 'delivered' ? 'delivered' : 'failed')}
            {count > 1 && ` · ${count} times since ${timeText(since, now.peek(), zone.shown.value)}`}
            {attempts > 1 && ` · ${attempts} tries`}
          </span>
        </li>
      ))}
    </ul>
  );
}

const alone = (one: SentNotification): SentRun => ({
  last: one,
  count: 1,
  since: one.at,
  attempts: one.attempts,
});

/** The names of a message's alerts, each once with how many there are of it. */
function namesOf(one: SentNotification): { name: string; id: string; count: number }[] {
  const byName = Map.groupBy(one.alerts, (alert) => alert.labels.alertname ?? 'alert');
  return [...byName].map(([name, alerts]) => ({ name, id: alerts[0]!.fingerprint, count: alerts.length }));
}
