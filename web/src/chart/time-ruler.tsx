import { useSession } from '../session.ts';
import { timeTicks } from './time-ticks.ts';

/** Half of the width of a digit or letter, and a little. */
const HALF_LETTER_EM = 0.3;

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
        <span key={at} style={{ left: within(at, text) }}>
          {text}
        </span>
      ))}
    </div>
  );
}

/** Where the middle of a text stands: at its time, but no part of it outside. */
function within(at: number, text: string): string {
  const half = `${text.length * HALF_LETTER_EM}em`;
  return `clamp(${half}, ${at * 100}%, 100% - ${half})`;
}
