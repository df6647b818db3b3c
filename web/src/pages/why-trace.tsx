import type { Health } from '../data/hosts.ts';
import type { StepState, TraceStep } from '../data/trace.ts';
import { timeText } from '../format/time.ts';
import { Ago, Until } from '../parts/ago.tsx';
import { Icon } from '../parts/icons.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { useSession } from '../session.ts';

const MARKS: Readonly<Record<Exclude<StepState, 'quiet'>, { state: Health; word: string }>> = {
  ok: { state: 'ok', word: 'done' },
  pending: { state: 'pending', word: 'waiting' },
  firing: { state: 'firing', word: 'alarming' },
  planned: { state: 'unknown', word: 'planned' },
};

/** An alert's way as a line from top to bottom; what is still to come is dashed and counts down. */
export function WhyTrace({ steps }: { readonly steps: readonly TraceStep[] }) {
  const { now, zone } = useSession();
  return (
    <ol class="trace">
      {steps.map((step) => (
        <li key={step.key} class={`trace-step is-${step.state}`}>
          <span class="trace-mark">
            {step.state === 'quiet' ? <Icon name="silence" /> : <StateMark {...MARKS[step.state]} />}
          </span>
          <span class="trace-title">{step.title}</span>
          {step.due !== undefined ? (
            <span class="trace-time">
              {step.due > now.value ? (
                <>
                  in <Until time={step.due} />
                </>
              ) : (
                'now'
              )}
            </span>
          ) : (
            step.at !== undefined && (
              <span class="trace-time">
                <span class="trace-clock">{timeText(step.at, now.peek(), zone.shown.value)}</span>{' '}
                <Ago time={step.at} suffix=" ago" />
              </span>
            )
          )}
          {step.code !== undefined && <code class="trace-code mono">{step.code}</code>}
          {step.detail !== undefined && <span class="trace-detail">{step.detail}</span>}
        </li>
      ))}
    </ol>
  );
}
