import { durationText } from '../format/duration.ts';
import { parseApiTime } from '../format/time.ts';
import { StateMark } from '../parts/state-mark.tsx';
import { useSession } from '../session.ts';

/** A thin line under the bar that is there only while something is wrong and not already said by the page itself. */
export function Strip() {
  const { health, firing, router, isUnreachable, now, range } = useSession();
  if (isUnreachable.value) {
    const since = health.fetchedAt.value;
    return (
      <div class="strip is-firing" role="alert">
        <span>
          <StateMark state="unknown" word="no answer" /> Belfry does not answer.{' '}
          {since === undefined
            ? 'Trying again.'
            : `What you see is ${durationText(now.value - since)} old; trying again.`}
        </span>
      </div>
    );
  }
  const path = router.path.value;
  const down = health.data.value?.targets?.down ?? 0;
  const showFiring = firing.value > 0 && path !== '/' && path !== '/alerts';
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
          <StateMark state="firing" /> {firing.value} firing, oldest{' '}
          {durationText(
            now.value - (parseApiTime(health.data.value?.alerts?.firingSince ?? '') ?? now.value),
          )}
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
