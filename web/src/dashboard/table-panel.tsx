import { useState } from 'preact/hooks';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { lastValue } from '../data/matrix.ts';
import { useSession } from '../session.ts';
import { displayValue } from './display.ts';
import type { PanelData, PanelFrame } from './panel-data.ts';

interface Table {
  readonly labels: readonly string[];
  readonly values: readonly string[];
  readonly rows: readonly {
    readonly key: string;
    readonly labels: readonly string[];
    readonly values: readonly (number | null)[];
  }[];
}

const MAX_ROWS = 200;

/** Instant answers as rows: a column per label, one per query for its values. A click on a heading sorts. */
export function TablePanel({ panel, data }: { readonly panel: PanelModel; readonly data: PanelData }) {
  const { theme } = useSession();
  const [order, setOrder] = useState<{ column: number; isDescending: boolean }>();
  const table = data.frames.length > 0 ? tableOf(data.frames) : seriesTable(data);
  if (table.rows.length === 0) return <p class="panel-empty">No data.</p>;
  const columns = [...table.labels, ...table.values];
  const sorted = order
    ? [...table.rows].sort(
        (a, b) => compare(a, b, order.column, table.labels.length) * (order.isDescending ? -1 : 1),
      )
    : table.rows;
  const sortBy = (column: number): void =>
    setOrder(
      order?.column === column
        ? { column, isDescending: !order.isDescending }
        : { column, isDescending: column >= table.labels.length },
    );
  return (
    <div class="panel-table">
      <table class="table">
        <thead>
          <tr>
            {columns.map((name, i) => (
              <th
                key={name}
                class={i >= table.labels.length ? 'num' : undefined}
                aria-sort={
                  order?.column === i ? (order.isDescending ? 'descending' : 'ascending') : undefined
                }
              >
                <button type="button" class="sort-button" onClick={() => sortBy(i)}>
                  {name}
                  {order?.column === i && (order.isDescending ? ' ↓' : ' ↑')}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, MAX_ROWS).map((row) => (
            <tr key={row.key}>
              {row.labels.map((text, i) => (
                <td key={table.labels[i]}>{text}</td>
              ))}
              {row.values.map((value, i) => {
                const { text, unit } =
                  value === null ? { text: '', unit: '' } : displayValue(value, panel, theme.shown.value);
                return (
                  <td key={table.values[i]} class="num">
                    <span class="value">
                      {text}
                      {unit !== '' && <span class="unit">{unit}</span>}
                    </span>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > MAX_ROWS && (
        <p class="note">
          The first {MAX_ROWS} of {sorted.length} rows.
        </p>
      )}
    </div>
  );
}

/** Frames side by side, joined where their labels are equal. */
export function tableOf(frames: readonly PanelFrame[]): Table {
  const labels = [...new Set(frames.flatMap(({ rows }) => rows.flatMap((row) => Object.keys(row.labels))))]
    .filter((name) => name !== '__name__')
    .sort();
  const values = frames.length === 1 ? ['Value'] : frames.map(({ refId }) => `Value #${refId}`);
  const byKey = new Map<string, { key: string; labels: string[]; values: (number | null)[] }>();
  frames.forEach(({ rows }, column) => {
    for (const { labels: set, value } of rows) {
      const cells = labels.map((name) => set[name] ?? '');
      const key = JSON.stringify(cells);
      const row = byKey.get(key) ?? { key, labels: cells, values: frames.map(() => null) };
      row.values[column] = value;
      byKey.set(key, row);
    }
  });
  return { labels, values, rows: [...byKey.values()] };
}

/** Without instant answers: each series with its last value. */
function seriesTable(data: PanelData): Table {
  return {
    labels: ['Series'],
    values: ['Last'],
    rows: data.series.map(({ name, values }) => ({ key: name, labels: [name], values: [lastValue(values)] })),
  };
}

function compare(
  a: Table['rows'][number],
  b: Table['rows'][number],
  column: number,
  labelCount: number,
): number {
  if (column < labelCount)
    return a.labels[column]!.localeCompare(b.labels[column]!, undefined, { numeric: true });
  return (
    (a.values[column - labelCount] ?? Number.NEGATIVE_INFINITY) -
    (b.values[column - labelCount] ?? Number.NEGATIVE_INFINITY)
  );
}
