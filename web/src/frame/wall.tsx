import { useEffect } from 'preact/hooks';
import { durationText } from '../format/duration.ts';
import { nextBoard, rotationOf } from '../nav/rotation.ts';
import { useSession } from '../session.ts';

/** Data are called old when they are this much older than the refresh would have them. */
const LATE_MS = 10_000;

/** What is left of the frame on a wall: a way back, the age of the data when they are late, and which dashboard of how many this is. */
export function WallBar() {
  const { router, range, now, answeredAt, clock } = useSession();
  const query = router.query.value;
  const path = router.path.value;
  const rotation = rotationOf(query);
  const everyMs = rotation?.everyMs;
  useEffect(() => {
    if (everyMs === undefined) return;
    return clock.after(everyMs, () => {
      const current = router.query.peek();
      const next = rotationOf(current);
      if (next) router.go(nextBoard(next, router.path.peek(), current), { replace: true });
    });
  }, [everyMs, path]);
  const answered = answeredAt.value;
  const age = answered === undefined ? 0 : now.value - answered;
  const isLate = range.refreshMs.value > 0 && age > range.refreshMs.value + LATE_MS;
  const place = rotation?.boards.indexOf(decodeURIComponent(path.split('/')[2] ?? '')) ?? -1;
  return (
    <div class="wall-bar">
      {isLate && (
        <span class="wall-age" role="status">
          data is {durationText(age)} old
        </span>
      )}
      {rotation && place >= 0 && (
        <span class="dim">
          {place + 1} of {rotation.boards.length}
        </span>
      )}
      <button
        type="button"
        class="button is-small kiosk-leave"
        onClick={() =>
          router.setQuery({ kiosk: undefined, rotate: undefined, boards: undefined }, { replace: true })
        }
      >
        Show the bars
      </button>
    </div>
  );
}
