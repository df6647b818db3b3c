import type { LabelMap } from '../data/api-types.ts';

/** A cell of a table; a list is a series in small, for a sparkline. */
export type Cell = number | string | null | readonly (number | null)[];

/** A column. Times are Unix ms. */
export interface Field {
  readonly name: string;
  readonly type: 'time' | 'number' | 'string' | 'series';
  readonly values: readonly Cell[];
  /** Of a series that has become a column. */
  readonly labels?: LabelMap;
}

/** Columns of equal length: what transformations work on and tables show. */
export interface Frame {
  readonly refId: string;
  readonly fields: readonly Field[];
}

export const TIME = 'Time';

export const rowsOf = (frame: Frame): number => frame.fields[0]?.values.length ?? 0;

export function fieldOf(frame: Frame, name: string): Field | undefined {
  return frame.fields.find((field) => field.name === name);
}

/** The places of all rows. */
export const placesOf = (frame: Frame): number[] => Array.from({ length: rowsOf(frame) }, (_, row) => row);

/** The same columns with the rows at these places, in their order. */
export function pickRows(frame: Frame, rows: readonly number[]): Frame {
  return {
    ...frame,
    fields: frame.fields.map((field) => ({ ...field, values: rows.map((row) => field.values[row] ?? null) })),
  };
}

/** Columns of one name are told apart by numbers, each of them, as Grafana does: `job 1`, `job 2`. */
export function uniqueNames(fields: readonly Field[]): Field[] {
  const counts = new Map<string, number>();
  for (const { name } of fields) counts.set(name, (counts.get(name) ?? 0) + 1);
  const seen = new Map<string, number>();
  return fields.map((field) => {
    if (counts.get(field.name) === 1) return field;
    const at = (seen.get(field.name) ?? 0) + 1;
    seen.set(field.name, at);
    return { ...field, name: `${field.name} ${at}` };
  });
}

/** An instant or a range answer as rows: the time, a column per label, the value last. */
export function tableFrame(
  refId: string,
  rows: readonly { readonly labels: LabelMap; readonly value: number; readonly time: number }[],
  valueName: string,
): Frame {
  const labels = [...new Set(rows.flatMap((row) => Object.keys(row.labels)))].sort();
  return {
    refId,
    fields: [
      { name: TIME, type: 'time', values: rows.map((row) => row.time) },
      ...labels.map(
        (name): Field => ({ name, type: 'string', values: rows.map((row) => row.labels[name] ?? '') }),
      ),
      {
        name: valueName,
        type: 'number',
        values: rows.map(({ value }) => (Number.isNaN(value) ? null : value)),
      },
    ],
  };
}

/** A series as a frame of its own. Times in Unix seconds. */
export function seriesFrame(series: {
  readonly refId: string;
  readonly name: string;
  readonly labels: LabelMap;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}): Frame {
  return {
    refId: series.refId,
    fields: [
      { name: TIME, type: 'time', values: series.times.map((time) => time * 1000) },
      { name: series.name, type: 'number', values: series.values, labels: series.labels },
    ],
  };
}

/** Orders cells: numbers by size, texts naturally, what is missing last. */
export function compareCells(a: Cell | undefined, b: Cell | undefined): number {
  const isMissing = (cell: Cell | undefined): boolean => cell === null || cell === undefined || cell === '';
  if (isMissing(a) || isMissing(b)) return Number(isMissing(a)) - Number(isMissing(b));
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}
