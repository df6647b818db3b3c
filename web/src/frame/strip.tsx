import { useMemo } from 'preact/hooks';
import type { ApiAlert } from '../data/api-types.ts';
import { durationText } from '../format/duration.ts';
import { parseApiTime } from '../format/time.ts';
import { StateMark } from '../parts/state-mark.tsx';
import { useSession } from '../session.ts';

/** A thin line under the bar that is there only while something is wrong and not already said by the page itself. */
export function Strip() {
  const { alerts, health, router, isUnreachable, now, range } = useSession();
  // Once for each answer: the rest is done each second.
  const firing = useMemo(() => firingOf(alerts.data.value ?? []), [alerts.data.value]);
  if (isUnreachable.value) {
    const since = alerts.fetchedAt.value;
    return (
      <div class="strip is-firing" role="alert">
        <StateMark state="unknown" word="no answer" />
        <span>
          Belfry does not answer.{' '}
          {since === undefined
            ? 'Trying again.'
            : `What you see is ${durationText(now.value - since)} old; trying again.`}
        </span>
      </div>
    );
  }
  const path = router.path.value;
  const down = health.data.value?.targets?.down ?? 0;
  const showFiring = firing.count > 0 && path !== '/' && path !== '/alerts';
  const showDown = down > 0 && path !== '/targets' && path !== '/';
  const problem = health.data.value?.degraded ?? undefined;
  const isRefused = health.data.value?.config?.isSuccessful === false;
  if (!showFiring && !showDown && problem === undefined && !isRefused) return null;
  return (
    <div class="strip is-firing" role="status">
      {problem !== undefined && (
        <a href={router.href('/status')}>
          <StateMark state="firing" word="storage" /> nothing can be stored: {problem}
        </a>
      )}
      {isRefused && (
        <a href={router.href('/status')}>
          <StateMark state="firing" word="configuration" /> the new configuration was refused, the old one
          goes on
        </a>
      )}
      {showFiring && (
        <a href={router.href(`/alerts${range.carry.value}`)}>
          <StateMark state="firing" /> {firing.count} firing, oldest{' '}
          {durationText(now.value - (firing.since ?? now.value))}
        </a>
      )}
      {showDown && (
        <a href={router.href(`/targets${range.carry.value}`)}>
          <StateMark state="unknown" word="down" /> scrape of {down} {down === 1 ? 'target' : 'targets'}{' '}
          failing
        </a>
      )}
    </div>
  );
}

/** How many fire, and since when the first of them does, Unix ms. */
function firingOf(alerts: readonly ApiAlert[]): { count: number; since: number | undefined } {
  const times = alerts
    .filter(({ state }) => state === 'firing')
    .map(({ activeAt }) => parseApiTime(activeAt));
  const since = times.reduce(
    (first, time) => (first === undefined || (time ?? first) < first ? time : first),
    undefined,
  );
  return { count: times.length, since };
}
