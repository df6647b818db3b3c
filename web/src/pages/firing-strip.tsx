import { useRef } from 'preact/hooks';
import { TimeRuler } from '../chart/time-ruler.tsx';
import { durationText } from '../format/duration.ts';
import { timeText } from '../format/time.ts';
import { useSize } from '../parts/size-of.ts';
import { useSession } from '../session.ts';

/** A stretch in which something fired. Unix ms. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly isPending?: boolean;
}

/** When something fired, as bars over a range of time. */
export function FiringStrip({
  label,
  from,
  to,
  stretches,
}: {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  readonly stretches: readonly Stretch[];
}) {
  const { now, zone } = useSession();
  const track = useRef<HTMLDivElement>(null);
  const { width } = useSize(track, stretches);
  const place = (time: number): number => Math.min(100, Math.max(0, ((time - from) / (to - from)) * 100));
  return (
    <div class="firing-strip">
      <div ref={track} class="firing-track" role="img" aria-label={label}>
        {stretches.map((one) => (
          <span
            key={`${one.from} ${one.text} ${one.isPending}`}
            class={one.isPending ? 'firing-span is-pending' : 'firing-span'}
            title={`${one.text}: ${timeText(one.from, now.peek(), zone.shown.value)}, ${durationText(one.to - one.from)}`}
            style={{ left: `${place(one.from)}%`, width: `${place(one.to) - place(one.from)}%` }}
          />
        ))}
      </div>
      <TimeRuler from={from / 1000} to={to / 1000} width={width} />
    </div>
  );
}
