import { type Cell, type Field, type Frame, fieldOf, placesOf } from './frame.ts';
import { REDUCER_NAMES, reduceSeries } from './reduce.ts';

type Options = Readonly<Record<string, unknown>>;

/** One row per set of equal values in the columns grouped by, the others brought to one number each. */
export function groupFrame(frame: Frame, options: Options): Frame {
  const settings = (options.fields ?? {}) as Readonly<
    Record<string, { operation?: string | null; aggregations?: string[] }>
  >;
  const by = frame.fields.filter(({ name }) => settings[name]?.operation === 'groupby');
  if (by.length === 0) return frame;
  const groups = Map.groupBy(placesOf(frame), (row) => JSON.stringify(by.map((field) => field.values[row])));
  const members = [...groups.values()];
  const kept = by.map(
    (field): Field => ({
      ...field,
      values: members.map(([row]) => field.values[row!] ?? null),
    }),
  );
  const reduced = frame.fields.flatMap((field) => {
    const { operation, aggregations = [] } = settings[field.name] ?? {};
    if (operation !== 'aggregate') return [];
    return aggregations.map((calc): Field => {
      const values = members.map((rows) =>
        reduceCells(
          rows.map((row) => field.values[row] ?? null),
          calc,
        ),
      );
      return {
        name: `${field.name} (${calc})`,
        type: values.every((value) => typeof value !== 'string') ? 'number' : 'string',
        values,
      };
    });
  });
  return { ...frame, fields: [...kept, ...reduced] };
}

/** Texts have a first, a last and a count; numbers all the rest. */
export function reduceCells(cells: readonly Cell[], calc: string): Cell {
  if (cells.every((cell) => typeof cell === 'number' || cell === null))
    return reduceSeries(cells as (number | null)[], calc);
  const known = cells.filter((cell) => cell !== null && cell !== '');
  switch (calc) {
    case 'count':
      return cells.length;
    case 'distinctCount':
      return new Set(known).size;
    case 'first':
    case 'firstNotNull':
      return known[0] ?? null;
    case 'uniqueValues':
    case 'allUniqueValues':
      return [...new Set(known)].join(', ');
    case 'allValues':
      return known.join(', ');
    default:
      return known.at(-1) ?? null;
  }
}

/** Each number column of all frames becomes a row: its name, its labels if asked for, and a column per calculation. */
export function reduceFrames(frames: readonly Frame[], options: Options): Frame[] {
  const reducers = (options.reducers as string[] | undefined) ?? ['max'];
  if (options.mode === 'reduceFields') {
    return frames.map((frame) => ({
      ...frame,
      fields: frame.fields
        .filter((field) => field.type === 'number')
        .flatMap((field) =>
          reducers.map(
            (calc): Field => ({
              ...field,
              name: reducers.length === 1 ? field.name : `${field.name} ${REDUCER_NAMES[calc] ?? calc}`,
              values: [reduceCells(field.values, calc)],
            }),
          ),
        ),
    }));
  }
  const columns = frames.flatMap((frame) => frame.fields.filter((field) => field.type === 'number'));
  const labels =
    options.labelsToFields === true
      ? [...new Set(columns.flatMap((field) => Object.keys(field.labels ?? {})))].filter(
          (name) => name !== '__name__',
        )
      : [];
  return [
    {
      refId: 'reduced',
      fields: [
        { name: 'Field', type: 'string', values: columns.map((field) => field.name) },
        ...labels.map(
          (name): Field => ({
            name,
            type: 'string',
            values: columns.map((field) => field.labels?.[name] ?? ''),
          }),
        ),
        ...reducers.map(
          (calc): Field => ({
            name: REDUCER_TITLES[calc] ?? REDUCER_NAMES[calc] ?? calc,
            type: 'number',
            values: columns.map((field) => reduceCells(field.values, calc)),
          }),
        ),
      ],
    },
  ];
}

/** Where Grafana's column headings differ from our legends': later steps refer to them. */
const REDUCER_TITLES: Readonly<Record<string, string>> = {
  lastNotNull: 'Last *',
  firstNotNull: 'First *',
};

/** One column's values as rows, another's as columns. */
export function matrixFrame(frame: Frame, options: Options): Frame {
  const [rowName, columnName, valueName] = ['rowField', 'columnField', 'valueField'].map((key) =>
    String(options[key] ?? ''),
  ) as [string, string, string];
  const [rows, columns, values] = [rowName, columnName, valueName].map((name) => fieldOf(frame, name));
  if (!rows || !columns || !values) return frame;
  const rowKeys = [...new Set(rows.values)];
  const cells = new Map(
    rows.values.map((key, i) => [JSON.stringify([key, columns.values[i]]), values.values[i] ?? null]),
  );
  const empty = options.emptyValue === 'zero' ? 0 : null;
  return {
    ...frame,
    fields: [
      { name: `${rowName}\\${columnName}`, type: rows.type, values: rowKeys },
      ...[...new Set(columns.values)].map(
        (column): Field => ({
          name: String(column),
          type: values.type,
          values: rowKeys.map((row) => cells.get(JSON.stringify([row, column])) ?? empty),
        }),
      ),
    ],
  };
}
