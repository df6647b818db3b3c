import { useState } from 'preact/hooks';
import { lastValue } from '../data/matrix.ts';
import { Value } from '../parts/value.tsx';
import type { ChartLine, ChartValue } from './chart-spec.ts';

export interface LegendColumn {
  /** The reducer's name. */
  readonly id: string;
  readonly title: string;
  value(values: readonly ChartValue[]): number | null;
}

export const LAST_ONLY: readonly LegendColumn[] = [{ id: 'lastNotNull', title: 'Last', value: lastValue }];

/** By which column entries are ordered; `name` by their names. */
export interface LegendOrder {
  readonly by: string;
  readonly isDescending: boolean;
}

interface LegendProps {
  readonly lines: readonly ChartLine[];
  readonly unit: string;
  readonly decimals: number | undefined;
  readonly mode: 'list' | 'table';
  readonly columns: readonly LegendColumn[];
  /** As authored; a click on a heading of a table changes it. */
  readonly order: LegendOrder | undefined;
  readonly hidden: ReadonlySet<string>;
  onChange(hidden: ReadonlySet<string>): void;
}

const MAX_ENTRIES = 60;
/** From so many series on they can be searched. */
const SEARCH_FROM = 20;

/** Names and values under a chart. A click shows one line alone, with Ctrl or ⌘ it switches that line on or off. */
export function Legend({
  lines,
  unit,
  decimals,
  mode,
  columns,
  order: authored,
  hidden,
  onChange,
}: LegendProps) {
  const [search, setSearch] = useState('');
  const [chosen, setChosen] = useState<LegendOrder>();
  const order = chosen ?? authored;
  const names = lines.map((line) => line.name);
  const click = (name: string, toggles: boolean): void => {
    if (toggles) {
      const next = new Set(hidden);
      if (!next.delete(name)) next.add(name);
      onChange(next.size === names.length ? new Set() : next);
      return;
    }
    const others = names.filter((other) => other !== name);
    const isAlone = !hidden.has(name) && others.every((other) => hidden.has(other));
    onChange(new Set(isAlone ? [] : others));
  };
  const name = (line: ChartLine) => (
    <button
      type="button"
      class="legend-entry"
      aria-pressed={!hidden.has(line.name)}
      title={`${line.name}: click to show it alone, Ctrl-click to switch it`}
      onClick={(event) => click(line.name, event.ctrlKey || event.metaKey)}
    >
      <span class={line.dash ? 'legend-key is-dashed' : 'legend-key'} style={{ '--key': line.color }} />
      <span class="legend-name">{line.name}</span>
      {mode === 'list' &&
        columns.map(({ id, title, value }) => (
          <span key={id}>
            {columns.length > 1 && <span class="legend-calc">{title}</span>}
            <Value value={value(line.values)} unit={line.unit ?? unit} decimals={line.decimals ?? decimals} />
          </span>
        ))}
    </button>
  );
  const wanted = search.trim().toLowerCase();
  const found = inOrder(
    wanted === '' ? lines : lines.filter((line) => line.name.toLowerCase().includes(wanted)),
    columns,
    order,
  );
  const shown = found.slice(0, MAX_ENTRIES);
  const rest = found.length - shown.length;
  const sortBy = (by: string): void =>
    setChosen({ by, isDescending: order?.by === by ? !order.isDescending : by !== 'name' });
  const heading = (by: string, title: string) => (
    <th
      key={by}
      class={by === 'name' ? undefined : 'num'}
      aria-sort={order?.by === by ? (order.isDescending ? 'descending' : 'ascending') : undefined}
    >
      <button type="button" class="sort-button" onClick={() => sortBy(by)}>
        {title}
        {order?.by === by && (order.isDescending ? ' ↓' : ' ↑')}
      </button>
    </th>
  );
  return (
    <div class={mode === 'table' ? 'legend-box legend-table' : 'legend-box'}>
      {lines.length >= SEARCH_FROM && (
        <input
          class="input legend-search"
          type="search"
          placeholder={`Find in ${lines.length} series`}
          aria-label="Find series"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      {mode === 'table' ? (
        <table>
          <thead>
            <tr>
              {heading('name', 'Name')}
              {columns.map(({ id, title }) => heading(id, title))}
            </tr>
          </thead>
          <tbody>
            {shown.map((line) => (
              <tr key={line.name}>
                <td>{name(line)}</td>
                {columns.map(({ id, value }) => (
                  <td key={id} class="num">
                    <Value
                      value={value(line.values)}
                      unit={line.unit ?? unit}
                      decimals={line.decimals ?? decimals}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <ul class="legend">
          {shown.map((line) => (
            <li key={line.name}>{name(line)}</li>
          ))}
        </ul>
      )}
      {rest > 0 && <p class="legend-more">and {rest} more: find them by name</p>}
    </div>
  );
}

function inOrder(
  lines: readonly ChartLine[],
  columns: readonly LegendColumn[],
  order: LegendOrder | undefined,
): readonly ChartLine[] {
  if (!order) return lines;
  const direction = order.isDescending ? -1 : 1;
  if (order.by === 'name') return [...lines].sort((a, b) => a.name.localeCompare(b.name) * direction);
  const column = columns.find(({ id }) => id === order.by);
  if (!column) return lines;
  const keyed = lines.map((line) => ({ line, key: column.value(line.values) ?? Number.NEGATIVE_INFINITY }));
  return keyed.sort((a, b) => (a.key - b.key) * direction || 0).map(({ line }) => line);
}
