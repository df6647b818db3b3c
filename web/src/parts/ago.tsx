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
  const { now } = useSession();
  if (time === undefined) return <span class="dim">never</span>;
  return (
    <time dateTime={new Date(time).toISOString()} title={exactText(time)}>
      {durationText(now.value - time)}
      {suffix}
    </time>
  );
}

/** How long until something, kept up to date. */
export function Until({ time }: { readonly time: number }) {
  const { now } = useSession();
  return (
    <time dateTime={new Date(time).toISOString()} title={exactText(time)}>
      {durationText(time - now.value)}
    </time>
  );
}
