import { useState } from 'preact/hooks';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import type { ShownTheme } from '../chart/palette.ts';
import { Icon } from '../parts/icons.tsx';
import { Sparkline } from '../parts/sparkline.tsx';
import { useSession } from '../session.ts';
import { inkOn } from './colors.ts';
import { type LinkScope, linkAddress } from './data-link.ts';
import { displayTime, displayValue } from './display.ts';
import { type Cell, compareCells, type Field, type Frame, placesOf, rowsOf } from './frame.ts';
import type { PanelData } from './panel-data.ts';
import { REDUCER_NAMES } from './reduce.ts';
import { type Settings, settingsOf, withSettings } from './settings.ts';
import type { Choices } from './substitute.ts';
import { reduceCells } from './transform-group.ts';

interface Column {
  readonly field: Field;
  readonly title: string;
  /** The panel as it is for this column. */
  readonly panel: PanelModel;
  readonly align: 'left' | 'center' | 'right';
  readonly cell: string;
  readonly width: number | undefined;
  /** Ends of the bars, where cells are bars. */
  readonly low: number;
  readonly high: number;
}

/** Rows of one page. */
const PAGE_ROWS = 100;

interface TablePanelProps {
  readonly panel: PanelModel;
  readonly data: PanelData;
  readonly choices: Choices;
}

/** Rows and columns as the queries and transformations made them. A click on a heading sorts. */
export function TablePanel({ panel, data, choices }: TablePanelProps) {
  const { theme } = useSession();
  const [shownFrame, setShownFrame] = useState(0);
  const [order, setOrder] = useState<{ name: string; isDescending: boolean } | undefined>(
    panel.columns?.sortBy[0],
  );
  const [wantedPage, setPage] = useState(0);
  const frames = data.frames.filter((frame) => rowsOf(frame) > 0);
  const frame = frames[Math.min(shownFrame, frames.length - 1)];
  if (!frame) return <p class="panel-empty">{panel.noValue ?? 'No data.'}</p>;
  const columns = columnsOf(panel, frame, panel.transformations.length > 0);
  const rows = sortedRows(frame, columns, order);
  const pages = Math.ceil(rows.length / PAGE_ROWS);
  // Fewer rows after a refresh: the last page there is.
  const page = Math.min(wantedPage, pages - 1);
  const sortBy = (column: Column): void =>
    setOrder({
      name: column.title,
      isDescending: order?.name === column.title ? !order.isDescending : column.field.type === 'number',
    });
  return (
    <div class="panel-table">
      {frames.length > 1 && (
        <select
          class="input is-short"
          aria-label="Which table"
          value={String(shownFrame)}
          onChange={(event) => setShownFrame(Number(event.currentTarget.value))}
        >
          {frames.map((one, i) => (
            <option key={`${i} ${one.refId}`} value={String(i)}>
              {one.fields.find((field) => field.type === 'number')?.name ?? one.refId}
            </option>
          ))}
        </select>
      )}
      <table class="table">
        {panel.columns?.hasHeader !== false && (
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.field.name}
                  class={`is-${column.align}`}
                  style={column.width === undefined ? undefined : { width: `${column.width}px` }}
                  aria-sort={
                    order?.name === column.title
                      ? order.isDescending
                        ? 'descending'
                        : 'ascending'
                      : undefined
                  }
                >
                  <button type="button" class="sort-button" onClick={() => sortBy(column)}>
                    {column.title}
                    {order?.name === column.title && (order.isDescending ? ' ↓' : ' ↑')}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {rows.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS).map((row) => (
            <tr key={row}>
              {columns.map((column) => (
                <CellView
                  key={column.field.name}
                  column={column}
                  cell={column.field.values[row] ?? null}
                  theme={theme.shown.value}
                  scope={() => scopeOf(column, columns, row, data, choices)}
                />
              ))}
            </tr>
          ))}
        </tbody>
        {(panel.columns?.footer.length ?? 0) > 0 && (
          <Footer columns={columns} reducers={panel.columns!.footer} />
        )}
      </table>
      {pages > 1 && (
        <nav class="table-pages" aria-label="Pages of the table">
          <button
            type="button"
            class="icon-button is-small"
            aria-label="The page before"
            disabled={page === 0}
            onClick={() => setPage(page - 1)}
          >
            <Icon name="left" />
          </button>
          <span class="dim">
            {page * PAGE_ROWS + 1}–{Math.min(rows.length, (page + 1) * PAGE_ROWS)} of {rows.length}
          </span>
          <button
            type="button"
            class="icon-button is-small"
            aria-label="The next page"
            disabled={page === pages - 1}
            onClick={() => setPage(page + 1)}
          >
            <Icon name="right" />
          </button>
        </nav>
      )}
    </div>
  );
}

interface CellViewProps {
  readonly column: Column;
  readonly cell: Cell;
  readonly theme: ShownTheme;
  scope(): LinkScope;
}

function CellView({ column, cell, theme, scope }: CellViewProps) {
  const { zone } = useSession();
  const { panel, field } = column;
  if (Array.isArray(cell)) {
    return (
      <td class="cell-spark">
        <Sparkline values={cell} label={column.title} />
      </td>
    );
  }
  const plain = cell as Exclude<Cell, readonly (number | null)[]>;
  const isTime = field.type === 'time' && !panel.unit.startsWith('dateTime');
  const shown = isTime
    ? { ...displayTime(plain, zone.shown.value), color: undefined }
    : plain === null && panel.noValue === undefined
      ? { text: '', unit: '', color: undefined }
      : displayValue(plain, panel, theme);
  const link = panel.links?.[0];
  const address = link && plain !== null ? linkAddress(link, scope()) : undefined;
  const content = (
    <span class="value">
      {shown.text}
      {shown.unit !== '' && <span class="unit">{shown.unit}</span>}
    </span>
  );
  const isFilled = column.cell === 'color-background' && shown.color !== undefined;
  const isBar = column.cell === 'gauge' && typeof plain === 'number';
  return (
    <td
      class={`is-${column.align}${isFilled ? ' is-filled' : ''}`}
      style={{
        ...(isFilled ? { background: shown.color, color: inkOn(shown.color!) } : {}),
        ...(column.cell === 'color-text' && shown.color !== undefined ? { color: shown.color } : {}),
      }}
    >
      {isBar && (
        <span class="cell-bar" aria-hidden="true">
          <span
            style={{
              width: `${Math.min(1, Math.max(0, (plain - column.low) / (column.high - column.low || 1))) * 100}%`,
              background: shown.color ?? 'var(--bell)',
            }}
          />
        </span>
      )}
      {address === undefined ? (
        content
      ) : (
        <a
          class="cell-link"
          href={address}
          title={link?.title}
          {...(link?.isNewTab || address.startsWith('http')
            ? { target: '_blank', rel: 'noreferrer noopener' }
            : {})}
        >
          {content}
        </a>
      )}
    </td>
  );
}

function Footer({
  columns,
  reducers,
}: {
  readonly columns: readonly Column[];
  readonly reducers: readonly string[];
}) {
  const { theme } = useSession();
  return (
    <tfoot>
      {reducers.map((calc) => (
        <tr key={calc}>
          {columns.map(({ field, panel, align }, i) => {
            const value = field.type === 'number' ? reduceCells(field.values, calc) : null;
            const { text, unit } = displayValue(value, panel, theme.shown.value);
            return (
              <td key={field.name} class={`is-${align}`}>
                {value === null ? i === 0 && (REDUCER_NAMES[calc] ?? calc) : `${text} ${unit}`}
              </td>
            );
          })}
        </tr>
      ))}
    </tfoot>
  );
}

/** Columns to show. Without transformations the metric's name and the time of an instant answer say nothing. */
function columnsOf(panel: PanelModel, frame: Frame, isMade: boolean): Column[] {
  const times = frame.fields.find((field) => field.type === 'time')?.values ?? [];
  const isOneMoment = new Set(times).size <= 1;
  return frame.fields.flatMap((field): Column[] => {
    const settings = settingsOf({ ...field, refId: frame.refId }, panel.overrides);
    const isDull = !isMade && (field.name === '__name__' || (field.type === 'time' && isOneMoment));
    if (isDull || settings.get('custom.hidden') === true) return [];
    return [columnOf(panel, field, settings)];
  });
}

function columnOf(panel: PanelModel, field: Field, settings: Settings): Column {
  const name = settings.get('displayName');
  const own = withSettings(panel, settings);
  const align = settings.get('custom.align') ?? panel.columns?.align ?? 'auto';
  const cell = cellOf(settings, panel.columns?.cell ?? 'auto', field);
  const width = settings.get('custom.width');
  const numbers = cell === 'gauge' ? field.values.filter((value) => typeof value === 'number') : [];
  return {
    field,
    title: typeof name === 'string' && name !== '' ? name : field.name,
    panel: field.type === 'number' || own.unit.startsWith('date') ? own : { ...own, unit: '' },
    align:
      align === 'left' || align === 'center' || align === 'right'
        ? align
        : field.type === 'number'
          ? 'right'
          : 'left',
    cell,
    width: typeof width === 'number' ? width : undefined,
    low: own.min ?? Math.min(0, ...numbers),
    high: own.max ?? Math.max(0, ...numbers),
  };
}

function cellOf(settings: Settings, preset: string, field: Field): string {
  const options = settings.get('custom.cellOptions') as { type?: string } | undefined;
  const mode = options?.type ?? settings.get('custom.displayMode');
  if (typeof mode !== 'string')
    return field.type === 'number' || !['gauge'].includes(preset) ? preset : 'auto';
  if (mode.startsWith('color-background')) return 'color-background';
  return /^(lcd-gauge|gradient-gauge|basic|gauge)$/.test(mode) ? 'gauge' : mode;
}

function sortedRows(
  frame: Frame,
  columns: readonly Column[],
  order: { name: string; isDescending: boolean } | undefined,
): number[] {
  const rows = placesOf(frame);
  const field =
    order && columns.find((column) => column.title === order.name || column.field.name === order.name)?.field;
  if (!field) return rows;
  const direction = order.isDescending ? -1 : 1;
  return rows.sort((a, b) => compareCells(field.values[a], field.values[b]) * direction);
}

function scopeOf(
  column: Column,
  columns: readonly Column[],
  row: number,
  data: PanelData,
  choices: Choices,
): LinkScope {
  const text = (cell: Cell | undefined): string => (Array.isArray(cell) ? '' : String(cell ?? ''));
  const raw = text(column.field.values[row]);
  return {
    choices,
    range: data.range,
    name: column.title,
    labels: column.field.labels ?? {},
    fields: Object.fromEntries(
      columns.flatMap(({ field, title }) => [
        [field.name, text(field.values[row])],
        [title, text(field.values[row])],
      ]),
    ),
    value: { raw, text: raw },
  };
}
