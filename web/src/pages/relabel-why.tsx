import { useState } from 'preact/hooks';
import type { LabelMap, RelabelSteps } from '../data/api-types.ts';
import { StateMark } from '../parts/state-mark.tsx';
import { useSession } from '../session.ts';

/** What the rules of relabel_configs did, one by one, on request. */
export function RelabelWhy({ pool, labels }: { readonly pool: string; readonly labels: LabelMap }) {
  const { api } = useSession();
  const [steps, setSteps] = useState<RelabelSteps | Error>();
  const ask = async (): Promise<void> => {
    setSteps(await api.relabelSteps(pool, labels).catch((error: Error) => error));
  };
  if (steps === undefined) {
    return (
      <button type="button" class="button is-small" onClick={() => void ask()}>
        Why
      </button>
    );
  }
  if (steps instanceof Error) return <span class="text-firing">{steps.message}</span>;
  return (
    <ol class="relabel-steps">
      {steps.steps.map(({ rule, keep, changes }, i) => (
        <li key={`${i} ${JSON.stringify(rule)}`} class={keep ? undefined : 'is-dropping'}>
          <StateMark state={keep ? 'ok' : 'firing'} word={keep ? 'goes on' : 'dropped here'} />
          <code>{ruleText(rule)}</code>
          <span class="dim">
            {keep ? (changes?.length ? `${changes.length} changed` : 'changes nothing') : 'drops it'}
          </span>
        </li>
      ))}
      {steps.steps.length === 0 && <li>{steps.outcome?.reason ?? 'There are no rules.'}</li>}
    </ol>
  );
}

/** A relabel rule on one line, what stands at its default left out. */
function ruleText(rule: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(rule).filter(
    ([name, value]) =>
      value !== '' &&
      value !== 0 &&
      !(Array.isArray(value) && value.length === 0) &&
      !(name === 'separator' && value === ';') &&
      !(name === 'replacement' && value === '$1') &&
      !(name === 'regex' && value === '(.*)'),
  );
  return shown
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? `[${value.join(', ')}]` : String(value)}`)
    .join('  ');
}
