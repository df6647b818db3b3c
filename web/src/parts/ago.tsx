import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { durationText } from '../format/duration.ts';
import { exactText } from '../format/time.ts';
import { useSession } from '../session.ts';

interface AgoProps {
  /** Unix ms; undefined reads "never". */
  readonly time: number | undefined;
  /** After the duration: "12 min ago". */
  readonly suffix?: string;
}

/** How long ago something was, kept up to date; the exact time in the tooltip. */
export function Ago({ time, suffix = '' }: AgoProps) {
  return time === undefined ? (
    <span class="dim">never</span>
  ) : (
    <Moment time={time} sign={1} suffix={suffix} />
  );
}

/** How long until something, kept up to date. */
export function Until({ time }: { readonly time: number }) {
  return <Moment time={time} sign={-1} suffix="" />;
}

/** The text is a signal: each second a thousand of these change a few text nodes and render nothing. */
function Moment({
  time,
  sign,
  suffix,
}: {
  readonly time: number;
  readonly sign: 1 | -1;
  readonly suffix: string;
}) {
  const { now, zone } = useSession();
  const text = useMemo(
    () => computed(() => durationText((now.value - time) * sign) + suffix),
    [now, time, sign, suffix],
  );
  return (
    <time dateTime={new Date(time).toISOString()} title={exactText(time, zone.shown.value)}>
      {text}
    </time>
  );
}
