import type { ParkedSeries } from '../data/api-types.ts';
import { parseApiTime } from '../format/time.ts';
import { Ago } from '../parts/ago.tsx';
import { CopyButton } from '../parts/copy-button.tsx';

/** The API counts the values of a label up to here; what has more says so. */
const COUNTED_VALUES = 100;

/** New series of a target that its budget had no room for, and the rules that would leave them out. */
export function Parked({ parked }: { readonly parked: ParkedSeries }) {
  return (
    <div class="parked">
      <p>
        <span class="text-pending">{parked.series.toLocaleString('en')} new series are not stored</span>, for{' '}
        <Ago time={parseApiTime(parked.since)} />: {parked.reason}. Those it had before go on.
      </p>
      <details>
        <summary>Rules for metric_relabel_configs that leave them out</summary>
        <ul>
          {parked.metrics.map(({ metric, series, label, values, rule }) => (
            <li key={metric}>
              <p>
                <span class="mono">{metric}</span>: {series.toLocaleString('en')} new series; the label{' '}
                <span class="mono">{label}</span> has{' '}
                {values >= COUNTED_VALUES ? `${COUNTED_VALUES} values or more` : `${values} values`}.
              </p>
              <div class="parked-rule">
                <pre class="code">{rule.trimEnd()}</pre>
                <CopyButton text={() => rule} label="Copy the rule" />
              </div>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}
