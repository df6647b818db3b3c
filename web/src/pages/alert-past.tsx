import type { LabelMap } from '../data/api-types.ts';
import { durationText } from '../format/duration.ts';
import { Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { FiringStrip, type Stretch } from './firing-strip.tsx';

const PAST_MS = 90 * 86_400_000;

/** When an alert fired in the last 90 days, as far as is known: a strip and a sentence. */
export function AlertHistory({ labels }: { readonly labels: LabelMap }) {
  const { api, clock } = useSession();
  const resource = useResource(async (abort) => {
    const to = clock.now();
    const all = await api.alertHistory(labels.alertname ?? '', to - PAST_MS, to, abort);
    const episodes = all.find((one) => isSame(one.labels, labels))?.episodes ?? [];
    const stretches = episodes.flatMap((one): Stretch[] => {
      const began = one.firingAt === undefined ? undefined : Date.parse(one.firingAt);
      const from = began ?? (one.isFiringBefore ? to - PAST_MS : undefined);
      if (from === undefined) return [];
      return [{ from, to: one.endedAt === undefined ? to : Date.parse(one.endedAt), text: 'fired' }];
    });
    return { to, stretches, from: Math.min(to - 86_400_000, ...stretches.map((one) => one.from)) };
  }, []);
  return (
    <section aria-label="History">
      <h2 class="section-title">
        History <span class="section-note">up to 90 days</span>
      </h2>
      <View resource={resource} what="The history" skeleton={<Skeleton rows={1} height={56} />}>
        {({ from, to, stretches }) => (
          <>
            <FiringStrip label={`${stretches.length} firings`} from={from} to={to} stretches={stretches} />
            <p class="note">
              {stretches.length === 0
                ? 'It has not fired as far back as is known.'
                : `Fired ${stretches.length === 1 ? 'once' : `${stretches.length} times`}, ${durationText(stretches.reduce((sum, one) => sum + one.to - one.from, 0))} in all.`}
            </p>
          </>
        )}
      </View>
    </section>
  );
}

/** External labels may have been added on the way to the notifier. */
const isSame = (past: LabelMap, labels: LabelMap): boolean =>
  Object.entries(past).every(([name, value]) => labels[name] === value);
