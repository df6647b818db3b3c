import { lastValue } from '../data/matrix.ts';
import { Value } from '../parts/value.tsx';
import type { ChartLine } from './plot.ts';

export interface LegendColumn {
  readonly title: string;
  value(values: readonly (number | null)[]): number | null;
}

export const LAST_ONLY: readonly LegendColumn[] = [{ title: 'Last', value: lastValue }];

interface LegendProps {
  readonly lines: readonly ChartLine[];
  readonly unit: string;
  readonly decimals: number | undefined;
  readonly mode: 'list' | 'table';
  readonly columns: readonly LegendColumn[];
  readonly hidden: ReadonlySet<string>;
  onChange(hidden: ReadonlySet<string>): void;
}

const MAX_ENTRIES = 60;

/** Names and values under a chart. A click shows one line alone, with Ctrl or ⌘ it switches that line on or off. */
export function Legend({ lines, unit, decimals, mode, columns, hidden, onChange }: LegendProps) {
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
      <span class="legend-key" style={{ background: line.color }} />
      <span class="legend-name">{line.name}</span>
      {mode === 'list' &&
        columns.map(({ title, value }) => (
          <span key={title}>
            {columns.length > 1 && <span class="legend-calc">{title}</span>}
            <Value value={value(line.values)} unit={unit} decimals={decimals} />
          </span>
        ))}
    </button>
  );
  const shown = lines.slice(0, MAX_ENTRIES);
  const rest = lines.length - shown.length;
  if (mode === 'table') {
    return (
      <div class="legend-table">
        <table>
          <thead>
            <tr>
              <th>Name</th>
              {columns.map(({ title }) => (
                <th key={title} class="num">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((line) => (
              <tr key={line.name}>
                <td>{name(line)}</td>
                {columns.map(({ title, value }) => (
                  <td key={title} class="num">
                    <Value value={value(line.values)} unit={unit} decimals={decimals} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {rest > 0 && <p class="legend-more">and {rest} more</p>}
      </div>
    );
  }
  return (
    <ul class="legend">
      {shown.map((line) => (
        <li key={line.name}>{name(line)}</li>
      ))}
      {rest > 0 && <li class="legend-more">and {rest} more</li>}
    </ul>
  );
}
