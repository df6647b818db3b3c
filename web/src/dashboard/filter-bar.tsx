import { useRef, useState } from 'preact/hooks';
import { useDismiss } from '../parts/dismiss.ts';
import { Icon } from '../parts/icons.tsx';
import { useResource, useSession } from '../session.ts';
import { FILTER_OPERATORS, type Filter, type FilterOperator } from './filters.ts';

interface FilterBarProps {
  readonly label: string;
  readonly filters: readonly Filter[];
  onChange(filters: readonly Filter[]): void;
}

/** Filters on all queries of a dashboard: each can be taken away, another one added. */
export function FilterBar({ label, filters, onChange }: FilterBarProps) {
  const [isOpen, setIsOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useDismiss(root, isOpen, () => setIsOpen(false));
  return (
    <div class="variable" ref={root}>
      {label !== '' && <span class="dim">{label}</span>}
      <span class="filter-chips">
        {filters.map((filter, i) => (
          <button
            key={`${filter.label} ${filter.operator} ${filter.value}`}
            type="button"
            class="button is-small mono"
            title="Take this filter away"
            onClick={() => onChange(filters.filter((_, at) => at !== i))}
          >
            {filter.label} {filter.operator} {filter.value} <Icon name="close" />
          </button>
        ))}
        <button
          type="button"
          class="button is-small"
          aria-haspopup="dialog"
          aria-expanded={isOpen}
          onClick={() => setIsOpen(!isOpen)}
        >
          <Icon name="filter" /> Add a filter
        </button>
      </span>
      {isOpen && (
        <FilterForm
          onAdd={(filter) => {
            setIsOpen(false);
            onChange([...filters, filter]);
          }}
        />
      )}
    </div>
  );
}

function FilterForm({ onAdd }: { onAdd(filter: Filter): void }) {
  const { api, range } = useSession();
  const [label, setLabel] = useState('');
  const [operator, setOperator] = useState<FilterOperator>('=');
  const [value, setValue] = useState('');
  const between = (): { start: number; end: number } => {
    const { from, to } = range.resolve();
    return { start: Math.floor(from / 1000), end: Math.ceil(to / 1000) };
  };
  const labels = useResource((abort) => api.labelNames(between(), abort), [], { live: false });
  const values = useResource(
    async (abort) =>
      (labels.data.value ?? []).includes(label) ? api.labelValues(label, undefined, between(), abort) : [],
    [label, labels.data.value],
    { live: false },
  );
  return (
    <form
      class="popover variable-popover filter-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (label.trim() !== '') onAdd({ label: label.trim(), operator, value });
      }}
    >
      <label class="field">
        <span>Label</span>
        <input
          class="input"
          list="filter-labels"
          value={label}
          autofocus
          onInput={(event) => setLabel(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Is</span>
        <select
          class="input"
          value={operator}
          onChange={(event) => setOperator(event.currentTarget.value as FilterOperator)}
        >
          {FILTER_OPERATORS.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Value</span>
        <input
          class="input"
          list="filter-values"
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      </label>
      <datalist id="filter-labels">
        {(labels.data.value ?? []).map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <datalist id="filter-values">
        {(values.data.value ?? []).slice(0, 500).map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <button type="submit" class="button is-primary" disabled={label.trim() === ''}>
        Add
      </button>
    </form>
  );
}
