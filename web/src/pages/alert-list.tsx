import { type AlertRow, deliveryText, isQuiet, subjectOf } from '../data/alerts.ts';
import type { LabelMap } from '../data/api-types.ts';
import { Ago } from '../parts/ago.tsx';
import { Icon } from '../parts/icons.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Value } from '../parts/value.tsx';
import { useSession } from '../session.ts';

interface AlertListProps {
  readonly rows: readonly AlertRow[];
  onSilence(labels: LabelMap): void;
}

/** Alerts as sentences: what, where, since when, how much, who was told. */
export function AlertList({ rows, onSilence }: AlertListProps) {
  const { router } = useSession();
  return (
    <ul class="alert-list">
      {rows.map((row) => {
        const delivery = deliveryText(row);
        const summary = row.annotations.summary ?? row.annotations.description;
        return (
          <li key={row.key} class={`alert-row is-${row.state}${isQuiet(row) ? ' is-quiet' : ''}`}>
            <StateMark state={row.state} />
            <span class="alert-what">
              <a class="alert-name" href={router.href(`/alerts?rule=${encodeURIComponent(row.name)}`)}>
                {row.name}
              </a>
              <span class="alert-subject">{subjectOf(row.labels)}</span>
              {summary !== undefined && <span class="alert-summary">{summary}</span>}
            </span>
            <span class="alert-since">
              {row.state} <Ago time={row.activeAt} />
            </span>
            <Value value={row.value} />
            <span class="alert-sent">
              {isQuiet(row) && <Icon name="silence" />}
              {delivery ?? (row.state === 'pending' ? 'not sent yet' : '')}
            </span>
            <button type="button" class="button is-small" onClick={() => onSilence(row.labels)}>
              {row.silencedBy.length > 0 ? 'Silence again' : 'Silence'}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
