import { lastValue } from '../data/matrix.ts';
import { Value } from '../parts/value.tsx';
import type { ChartLine } from './plot.ts';

interface LegendProps {
  readonly lines: readonly ChartLine[];
  readonly unit: string;
  readonly decimals: number | undefined;
  readonly hidden: ReadonlySet<string>;
  onChange(hidden: ReadonlySet<string>): void;
}

const MAX_ENTRIES = 60;

/** Names and last values under a chart. A click shows one line alone, with Ctrl or ⌘ it switches that line on or off. */
export function Legend({ lines, unit, decimals, hidden, onChange }: LegendProps) {
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
  return (
    <ul class="legend">
      {lines.slice(0, MAX_ENTRIES).map((line) => (
        <li key={line.name}>
          <button
            type="button"
            class="legend-entry"
            aria-pressed={!hidden.has(line.name)}
            title={`${line.name}: click to show it alone, Ctrl-click to switch it`}
            onClick={(event) => click(line.name, event.ctrlKey || event.metaKey)}
          >
            <span class="legend-key" style={{ background: line.color }} />
            <span class="legend-name">{line.name}</span>
            <Value value={lastValue(line.values)} unit={unit} decimals={decimals} />
          </button>
        </li>
      ))}
      {lines.length > MAX_ENTRIES && <li class="legend-more">and {lines.length - MAX_ENTRIES} more</li>}
    </ul>
  );
}
