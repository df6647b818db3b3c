import { useEffect, useState } from 'preact/hooks';
import type { AlertingRule } from '../data/api-types.ts';
import type { RehearsedFiring } from '../data/rehearsal-types.ts';
import { splitComparison } from '../data/threshold.ts';
import { unitOfExpr } from '../data/unit-of.ts';
import { durationText, promDuration } from '../format/duration.ts';
import { valueText } from '../format/units.ts';
import { Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { FiringStrip } from './firing-strip.tsx';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const RANGES: readonly (readonly [ms: number, text: string])[] = [
  [6 * HOUR, '6 h'],
  [DAY, '1 day'],
  [7 * DAY, '7 days'],
  [30 * DAY, '30 days'],
];
/** What `for` is tried with, ms; the rule's own is put among them. */
const FORS = [
  0,
  30_000,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  6 * HOUR,
];
/** The threshold's slider goes from none to twice the rule's, in so many steps. */
const STEPS = 80;
/** While a slider moves nothing is asked. */
const PAUSE_MS = 350;

/** What a rule would have done over stored history, with another threshold or another `for`: two sliders, and the strip redraws. */
export function Rehearsal({ rule, group }: { readonly rule: AlertingRule; readonly group?: string }) {
  const { api, clock } = useSession();
  const comparison = splitComparison(rule.query);
  const own = comparison?.limit.kind === 'number' ? comparison.limit.value : undefined;
  const ownFor = rule.duration * 1000;
  const fors = [...new Set([...FORS, ownFor])].sort((a, b) => a - b);
  const [rangeMs, setRangeMs] = useState(DAY);
  const [threshold, setThreshold] = useState(own);
  const [forMs, setForMs] = useState(ownFor);
  const [asked, setAsked] = useState({ threshold: own, forMs: ownFor });
  useEffect(() => clock.after(PAUSE_MS, () => setAsked({ threshold, forMs })), [threshold, forMs]);
  const isChanged = asked.threshold !== own || asked.forMs !== ownFor;
  const expr =
    comparison && asked.threshold !== undefined && asked.threshold !== own
      ? `${comparison.measured} ${comparison.op} ${asked.threshold}`
      : undefined;
  const resource = useResource(
    (abort) => {
      const to = Math.floor(clock.now() / 1000);
      return api.rehearse(
        {
          alert: rule.name,
          ...(group === undefined ? {} : { group }),
          from: to - Math.round(rangeMs / 1000),
          to,
          for: promDuration(asked.forMs) || '0s',
          ...(expr === undefined ? {} : { expr }),
        },
        abort,
      );
    },
    [rule.name, rangeMs, asked.forMs, expr],
    { live: false },
  );
  const unit = unitOfExpr(rule.query) ?? 'short';
  return (
    <section class="rehearsal" aria-label="Rehearsal">
      <div class="rehearsal-head">
        <h2 class="section-title">
          Rehearsal <span class="section-note">what it would have done</span>
        </h2>
        <fieldset class="segments" aria-label="Over the last">
          {RANGES.map(([ms, text]) => (
            <button
              key={ms}
              type="button"
              class="segment"
              aria-pressed={rangeMs === ms}
              onClick={() => setRangeMs(ms)}
            >
              {text}
            </button>
          ))}
        </fieldset>
      </div>
      <div class="rehearsal-sliders">
        {own !== undefined && threshold !== undefined && comparison && (
          <label class="slider">
            <span>
              Threshold{' '}
              <strong>
                {comparison.op} {valueText(threshold, unit)}
              </strong>
              {threshold !== own && <span class="dim"> now {valueText(own, unit)}</span>}
            </span>
            <input
              type="range"
              min={0}
              max={STEPS}
              value={stepOf(threshold, own)}
              onInput={(event) => setThreshold(valueAt(Number(event.currentTarget.value), own))}
            />
          </label>
        )}
        <label class="slider">
          <span>
            For <strong>{forMs === 0 ? 'at once' : durationText(forMs)}</strong>
            {forMs !== ownFor && (
              <span class="dim"> now {ownFor === 0 ? 'at once' : durationText(ownFor)}</span>
            )}
          </span>
          <input
            type="range"
            min={0}
            max={fors.length - 1}
            value={fors.indexOf(forMs)}
            onInput={(event) => setForMs(fors[Number(event.currentTarget.value)] ?? ownFor)}
          />
        </label>
        {isChanged && (
          <button
            type="button"
            class="button is-small"
            onClick={() => {
              setThreshold(own);
              setForMs(ownFor);
            }}
          >
            As the rule is
          </button>
        )}
      </div>
      <View resource={resource} what="The rehearsal" skeleton={<Skeleton rows={1} height={64} />}>
        {({ from, to, summary, firings, routing }) => (
          <>
            <FiringStrip
              label={`${summary.firings} firings over the last ${durationText(rangeMs)}`}
              from={Date.parse(from)}
              to={Date.parse(to)}
              stretches={firings.map((firing) => ({
                from: Date.parse(firing.firingAt),
                to: Date.parse(firing.resolvedAt ?? to),
                text: labelText(firing),
              }))}
            />
            <p class="rehearsal-says" role="status">
              {summary.firings === 0 ? (
                'It would not have fired.'
              ) : (
                <>
                  It would have fired <strong>{times(summary.firings)}</strong> in {summary.alerts}{' '}
                  {summary.alerts === 1 ? 'alert' : 'alerts'}, the longest {durationText(summary.longestMs)}
                  {summary.flaps > 0 && `, ${times(summary.flaps)} soon after it had ended`}.
                </>
              )}{' '}
              {routing &&
                summary.firings > 0 &&
                (routing.notifications === 0 ? (
                  'Nobody would have been told.'
                ) : (
                  <>
                    <strong>{routing.notifications}</strong>{' '}
                    {routing.notifications === 1 ? 'message' : 'messages'}:{' '}
                    {routing.receivers
                      .map((one) => `${one.receiver} (${one.integration}) ×${one.notifications}`)
                      .join(', ')}
                    .
                  </>
                ))}
            </p>
          </>
        )}
      </View>
    </section>
  );
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** A rule that compares with zero is tried around it. */
const spanOf = (own: number): readonly [low: number, high: number] => (own === 0 ? [-1, 1] : [0, own * 2]);

function valueAt(step: number, own: number): number {
  const [low, high] = spanOf(own);
  return Number((low + ((high - low) * step) / STEPS).toPrecision(4));
}

function stepOf(value: number, own: number): number {
  const [low, high] = spanOf(own);
  return Math.round(((value - low) / (high - low)) * STEPS);
}

function labelText({ labels }: RehearsedFiring): string {
  const shown = Object.entries(labels).filter(([name]) => !['alertname', 'severity', 'team'].includes(name));
  return shown.map(([name, value]) => `${name}=${value}`).join(' ') || 'fires';
}
