import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useDismiss } from '../parts/dismiss.ts';
import { Icon } from '../parts/icons.tsx';
import { useIsNarrow } from '../parts/is-narrow.ts';
import { FilterBar } from './filter-bar.tsx';
import { filterText } from './filters.ts';
import type { VariableState } from './variables.ts';

interface VariableBarProps {
  readonly variables: readonly VariableState[];
  onChoose(name: string, values: readonly string[]): void;
}

const MAX_OPTIONS = 200;

/** A dashboard's variables as a row of choices. */
export function VariableBar({ variables, onChoose }: VariableBarProps) {
  const shown = variables.filter(
    ({ model }) => model.hide !== 'variable' && !['constant', 'datasource'].includes(model.type),
  );
  const isNarrow = useIsNarrow();
  if (shown.length === 0) return null;
  const bar = (
    <div class="variables">
      {shown.map((variable) => (
        <Variable
          key={variable.model.name}
          variable={variable}
          onChoose={(values) => onChoose(variable.model.name, values)}
        />
      ))}
    </div>
  );
  return isNarrow && shown.length > 1 ? <VariableSheet variables={shown}>{bar}</VariableSheet> : bar;
}

/** On a phone: one button that says what is chosen, and a sheet from below with the choices. */
function VariableSheet({
  variables,
  children,
}: {
  readonly variables: readonly VariableState[];
  readonly children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const chosen = variables.map(({ chosen: { isAll, texts } }) =>
    isAll ? 'All' : texts.join(' + ') || 'none',
  );
  return (
    <>
      <button
        type="button"
        class="button variable-sheet-button"
        aria-haspopup="dialog"
        onClick={() => dialog.current?.showModal()}
      >
        <Icon name="filter" />
        <span class="variable-value">{chosen.join(' · ')}</span>
      </button>
      <dialog class="dialog variable-sheet" ref={dialog} aria-label="Variables">
        {children}
        <div class="dialog-actions">
          <button type="button" class="button is-primary" onClick={() => dialog.current?.close()}>
            Done
          </button>
        </div>
      </dialog>
    </>
  );
}

function Variable({
  variable,
  onChoose,
}: {
  readonly variable: VariableState;
  onChoose(values: readonly string[]): void;
}) {
  const { model, chosen, options, error } = variable;
  const label = model.hide === 'label' ? '' : model.label || model.name;
  const [isOpen, setIsOpen] = useState(false);
  const [search, setSearch] = useState('');
  const root = useRef<HTMLDivElement>(null);
  useDismiss(root, isOpen, () => setIsOpen(false));
  if (model.type === 'adhoc') {
    return (
      <FilterBar
        label={label}
        filters={chosen.filters ?? []}
        onChange={(filters) => onChoose(filters.length === 0 ? [''] : filters.map(filterText))}
      />
    );
  }
  if (model.type === 'textbox') {
    return (
      <label class="variable">
        <span class="dim">{label}</span>
        <input
          class="input is-short"
          defaultValue={chosen.values[0]}
          onChange={(event) => onChoose([event.currentTarget.value])}
        />
      </label>
    );
  }
  const found = options.filter((option) => option.text.toLowerCase().includes(search.toLowerCase()));
  const pick = (value: string): void => {
    if (!model.isMulti) {
      onChoose([value]);
      setIsOpen(false);
      return;
    }
    const others = chosen.isAll ? [] : chosen.values;
    const next = others.includes(value) ? others.filter((other) => other !== value) : [...others, value];
    if (next.length > 0) onChoose(next);
  };
  return (
    <div class="variable" ref={root}>
      {label !== '' && <span class="dim">{label}</span>}
      <button
        type="button"
        class="button"
        aria-haspopup="listbox"
        aria-expanded={isOpen}
        aria-label={`${model.label || model.name}: ${chosen.isAll ? 'All' : chosen.texts.join(', ') || 'none'}`}
        title={error}
        onClick={() => setIsOpen(!isOpen)}
      >
        <span class="variable-value">
          {chosen.isAll ? 'All' : chosen.texts.join(' + ') || (error ? 'failed' : 'none')}
        </span>
        <Icon name="chevron" />
      </button>
      {isOpen && (
        <div class="popover variable-popover">
          {options.length > 10 && (
            <input
              class="input"
              type="search"
              placeholder="Filter"
              aria-label={`Filter ${model.name}`}
              value={search}
              onInput={(event) => setSearch(event.currentTarget.value)}
            />
          )}
          <div class="variable-options">
            {model.includeAll && search === '' && (
              <button
                type="button"
                class="menu-item"
                aria-pressed={chosen.isAll}
                onClick={() => onChoose(['$__all'])}
              >
                All
              </button>
            )}
            {found.slice(0, MAX_OPTIONS).map((option) => (
              <button
                key={option.value}
                type="button"
                class="menu-item"
                aria-pressed={!chosen.isAll && chosen.values.includes(option.value)}
                onClick={() => pick(option.value)}
              >
                {option.text}
              </button>
            ))}
            {found.length === 0 && <p class="note">{error ?? 'No values.'}</p>}
            {found.length > MAX_OPTIONS && (
              <p class="note">and {found.length - MAX_OPTIONS} more: filter to find them</p>
            )}
          </div>
        </div>
      )}
    </div>
  );
}
