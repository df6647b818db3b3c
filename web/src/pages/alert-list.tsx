import { type AlertRow, deliveryText, isQuiet, subjectOf } from '../data/alerts.ts';
import type { LabelMap } from '../data/api-types.ts';
import { Ago } from '../parts/ago.tsx';
import { More, useGrowing } from '../parts/growing.tsx';
import { Icon } from '../parts/icons.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { useSession } from '../session.ts';
import { AlertValue } from './alert-value.tsx';

interface AlertListProps {
  readonly rows: readonly AlertRow[];
  onSilence(labels: LabelMap): void;
}

/** Alerts as sentences: what, where, since when, how much, who was told. */
export function AlertList({ rows, onSilence }: AlertListProps) {
  const growth = useGrowing('');
  return (
    <>
      <ul class="alert-list">
        {rows.slice(0, growth.shown).map((row) => (
          <AlertItem key={row.key} row={row} onSilence={onSilence} />
        ))}
      </ul>
      <More growth={growth} count={rows.length} what="alerts" />
    </>
  );
}

function AlertItem({ row, onSilence }: { readonly row: AlertRow; onSilence(labels: LabelMap): void }) {
  const { router, range } = useSession();

  const delivery = deliveryText(row);
  const subject = subjectOf(row.labels);
  const summary = row.annotations.summary ?? row.annotations.description;
  return (
    <li class={`alert-row is-${row.state}${isQuiet(row) ? ' is-quiet' : ''}`}>
      <StateMark state={row.state} />
      <span class="alert-what">
        <a class="alert-name" href={router.href(`/alerts/${row.id}${range.carry.value}`)}>
          {row.name}
        </a>
        {subject !== '' && <span class="alert-subject">{subject}</span>}
        {summary !== undefined && <span class="alert-summary">{summary}</span>}
      </span>
      <span class="alert-since">
        {row.state} <Ago time={row.activeAt} />
      </span>
      <AlertValue row={row} />
      <span class="alert-sent">
        {isQuiet(row) && <Icon name="silence" />}
        {delivery ?? (row.state === 'pending' ? 'not sent yet' : '')}
      </span>
      <span class="alert-actions">
        <button type="button" class="button is-small" onClick={() => onSilence(row.labels)}>
          {row.silencedBy.length > 0 ? 'Silence again' : 'Silence'}
        </button>
        <a class="button is-small" href={router.href(`/alerts/${row.id}${range.carry.value}`)}>
          Why
          <span class="sr-only">
            {' '}
            {row.name} is {row.state}
          </span>
        </a>
      </span>
    </li>
  );
}
