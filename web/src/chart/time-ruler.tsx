import { useSession } from '../session.ts';
import { timeTicks } from './time-ticks.ts';

/** The time axis under what is not a line chart: rows of states, a heat map. Unix seconds. */
export function TimeRuler({
  from,
  to,
  width,
}: {
  readonly from: number;
  readonly to: number;
  readonly width: number;
}) {
  const { zone } = useSession();
  return (
    <div class="time-ruler" aria-hidden="true">
      {timeTicks(from, to, Math.max(2, width / 72), zone.shown.value).map(({ at, text }) => (
        <span key={at} style={{ left: `${at * 100}%` }}>
          {text}
        </span>
      ))}
    </div>
  );
}
