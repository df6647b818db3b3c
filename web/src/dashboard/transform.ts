import {
  type Cell,
  compareCells,
  type Field,
  type Frame,
  fieldOf,
  pickRows,
  placesOf,
  rowsOf,
  TIME,
  uniqueNames,
} from './frame.ts';
import { REDUCER_NAMES } from './reduce.ts';
import { groupFrame, matrixFrame, reduceCells, reduceFrames } from './transform-group.ts';
import { joinFrames, mergeFrames, wideFrames } from './transform-join.ts';

type Options = Readonly<Record<string, unknown>>;
type Apply = (frames: readonly Frame[], options: Options) => readonly Frame[];

/** Applies a panel's transformations in their order; one that is not known changes nothing, the panel's warnings name it. */
export function transformFrames(
  frames: readonly Frame[],
  transformations: readonly Options[],
): readonly Frame[] {
  return transformations.reduce<readonly Frame[]>((given, step) => {
    const apply = TRANSFORMATIONS[String(step.id)];
    const options = (step.options ?? {}) as Options;
    return apply && step.disabled !== true ? apply(given, options) : given;
  }, frames);
}

const each =
  (change: (frame: Frame, options: Options) => Frame): Apply =>
  (frames, options) =>
    frames.map((frame) => change(frame, options));

export const TRANSFORMATIONS: Readonly<Record<string, Apply>> = {
  organize: each(organize),
  merge: mergeFrames,
  joinByField: (frames, { byField, mode }) =>
    joinFrames(frames, typeof byField === 'string' ? byField : undefined, String(mode ?? 'outer')),
  seriesToColumns: (frames, { byField }) =>
    joinFrames(frames, typeof byField === 'string' ? byField : undefined, 'outer'),
  filterFieldsByName: each(filterFields),
  filterByName: each(filterFields),
  filterByRefId: filterByRefId,
  filterByValue: each(filterByValue),
  renameByRegex: each(renameByRegex),
  reduce: reduceFrames,
  calculateField: (frames, options) => wideFrames(frames).map((frame) => calculate(frame, options)),
  sortBy: each(sortBy),
  groupBy: (frames, options) => mergeIfAlike(frames).map((frame) => groupFrame(frame, options)),
  groupingToMatrix: (frames, options) => frames.slice(0, 1).map((frame) => matrixFrame(frame, options)),
  labelsToFields,
  seriesToRows,
  concatenate: (frames) =>
    frames.length === 0
      ? []
      : [{ refId: 'all', fields: uniqueNames(padded(frames.flatMap((frame) => frame.fields))) }],
  convertFieldType: each(convertTypes),
  limit: each((frame, { limitField = 10 }) => {
    const most = Math.max(0, Number(limitField));
    // What is no number, such as a variable, limits nothing.
    return Number.isNaN(most) ? frame : pickRows(frame, placesOf(frame).slice(0, most));
  }),
  transpose: each(transpose),
  timeSeriesTable,
  prepareTimeSeries: (frames, { format }) => (format === 'wide' ? wideFrames(frames) : frames),
};

function organize(frame: Frame, options: Options): Frame {
  const excluded = (options.excludeByName ?? {}) as Record<string, boolean>;
  const included = (options.includeByName ?? {}) as Record<string, boolean>;
  const order = (options.indexByName ?? {}) as Record<string, number>;
  const names = (options.renameByName ?? {}) as Record<string, string>;
  const wanted = Object.values(included).some(Boolean);
  const kept = frame.fields.filter(({ name }) => !excluded[name] && (!wanted || included[name]));
  const place = ({ name }: Field): number => order[name] ?? Number.MAX_SAFE_INTEGER;
  return {
    ...frame,
    fields: kept
      .map((field, i) => ({ field, i }))
      .sort((a, b) => place(a.field) - place(b.field) || a.i - b.i)
      .map(({ field }) => (names[field.name] ? { ...field, name: names[field.name]! } : field)),
  };
}

/** `/pattern/flags` or a bare pattern; undefined when it cannot be compiled. */
export function patternOf(text: unknown): RegExp | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  const match = /^\/([\s\S]*)\/([a-z]*)$/.exec(text);
  try {
    return match ? new RegExp(match[1]!, match[2]) : new RegExp(text);
  } catch {
    return undefined;
  }
}

function filterFields(frame: Frame, { include, exclude }: Options): Frame {
  const test = (rule: unknown): ((name: string) => boolean) | undefined => {
    const { names, pattern } = (rule ?? {}) as { names?: string[]; pattern?: string };
    const regex = patternOf(pattern)?.source;
    if (!names?.length && regex === undefined) return undefined;
    return (name) =>
      (names?.includes(name) ?? false) || (regex !== undefined && new RegExp(regex).test(name));
  };
  const isIn = test(include);
  const isOut = test(exclude);
  return { ...frame, fields: frame.fields.filter(({ name }) => (isIn?.(name) ?? true) && !isOut?.(name)) };
}

function filterByRefId(frames: readonly Frame[], { include, exclude }: Options): readonly Frame[] {
  const whole = (text: unknown): RegExp | undefined =>
    typeof text === 'string' && text !== '' ? patternOf(`^(?:${text.replace(/^\/|\/$/g, '')})$`) : undefined;
  const isIn = whole(include);
  const isOut = whole(exclude);
  return frames.filter(({ refId }) => (isIn?.test(refId) ?? true) && !isOut?.test(refId));
}

const CONDITIONS: Readonly<
  Record<string, (cell: Cell, options: { value?: unknown; from?: unknown; to?: unknown }) => boolean>
> = {
  greater: (cell, { value }) => typeof cell === 'number' && cell > Number(value),
  greaterOrEqual: (cell, { value }) => typeof cell === 'number' && cell >= Number(value),
  lower: (cell, { value }) => typeof cell === 'number' && cell < Number(value),
  lowerOrEqual: (cell, { value }) => typeof cell === 'number' && cell <= Number(value),
  equal: (cell, { value }) => String(cell ?? '') === String(value ?? ''),
  notEqual: (cell, { value }) => String(cell ?? '') !== String(value ?? ''),
  between: (cell, { from, to }) => typeof cell === 'number' && cell > Number(from) && cell < Number(to),
  isNull: (cell) => cell === null,
  isNotNull: (cell) => cell !== null,
  regex: (cell, { value }) => patternOf(value)?.test(String(cell ?? '')) ?? false,
  substring: (cell, { value }) => String(cell ?? '').includes(String(value ?? '')),
  notSubstring: (cell, { value }) => !String(cell ?? '').includes(String(value ?? '')),
};

function filterByValue(frame: Frame, { filters, match, type }: Options): Frame {
  const rules = ((filters ?? []) as { fieldName?: string; config?: { id?: string; options?: object } }[])
    .map(({ fieldName, config }) => ({
      field: fieldOf(frame, fieldName ?? ''),
      test: CONDITIONS[config?.id ?? ''],
      options: config?.options ?? {},
    }))
    .filter((rule) => rule.field && rule.test);
  if (rules.length === 0) return frame;
  const rows = placesOf(frame).filter((row) => {
    const hit = (rule: (typeof rules)[number]): boolean =>
      rule.test!(rule.field!.values[row] ?? null, rule.options);
    const isHit = match === 'all' ? rules.every(hit) : rules.some(hit);
    return isHit === (type !== 'exclude');
  });
  return pickRows(frame, rows);
}

function renameByRegex(frame: Frame, { regex, renamePattern }: Options): Frame {
  const pattern = patternOf(regex);
  if (!pattern) return frame;
  const to = String(renamePattern ?? '');
  return {
    ...frame,
    fields: frame.fields.map((field) =>
      field.type === 'time' ? field : { ...field, name: field.name.replace(pattern, to) },
    ),
  };
}

function sortBy(frame: Frame, { sort }: Options): Frame {
  const [by] = (sort ?? []) as { field?: string; desc?: boolean }[];
  const field = fieldOf(frame, by?.field ?? '');
  if (!field) return frame;
  const direction = by?.desc ? -1 : 1;
  const rows = placesOf(frame).sort((a, b) => compareCells(field.values[a], field.values[b]) * direction);
  return pickRows(frame, rows);
}

const BINARY: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '**': (a, b) => a ** b,
  '%': (a, b) => a % b,
  '=': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '>': (a, b) => Number(a > b),
  '<': (a, b) => Number(a < b),
  '>=': (a, b) => Number(a >= b),
  '<=': (a, b) => Number(a <= b),
};
const UNARY: Readonly<Record<string, (a: number) => number>> = {
  abs: Math.abs,
  exp: Math.exp,
  ln: Math.log,
  floor: Math.floor,
  ceil: Math.ceil,
  percent: (a) => a * 100,
};

/** A new column out of others of the same row. */
function calculate(frame: Frame, options: Options): Frame {
  const made = calculated(frame, options);
  if (!made) return frame;
  const alias = typeof options.alias === 'string' && options.alias !== '' ? options.alias : made.name;
  const field: Field = { name: alias, type: 'number', values: made.values };
  const kept =
    options.replaceFields === true ? frame.fields.filter(({ type }) => type === 'time') : frame.fields;
  return { ...frame, fields: [...kept, field] };
}

function calculated(frame: Frame, options: Options): { name: string; values: (number | null)[] } | undefined {
  const rows = placesOf(frame);
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  switch (options.mode) {
    case 'binary': {
      const {
        left,
        right,
        operator = '+',
      } = (options.binary ?? {}) as { left?: unknown; right?: unknown; operator?: string };
      const apply = BINARY[operator];
      const [a, b] = [operand(frame, left), operand(frame, right)];
      if (!apply || !a || !b) return undefined;
      return {
        name: `${a.name} ${operator} ${b.name}`,
        values: rows.map((row) => {
          const [x, y] = [a.at(row), b.at(row)];
          return x === null || y === null ? null : finite(apply(x, y));
        }),
      };
    }
    case 'unary': {
      const { fieldName = '', operator = 'abs' } = (options.unary ?? {}) as {
        fieldName?: string;
        operator?: string;
      };
      const a = operand(frame, fieldName);
      const apply = UNARY[operator];
      if (!a || !apply) return undefined;
      return {
        name: `${operator}(${fieldName})`,
        values: rows.map((row) => (a.at(row) === null ? null : finite(apply(a.at(row)!)))),
      };
    }
    case 'index':
      return { name: 'Row', values: rows };
    case undefined:
    case 'reduceRow': {
      const { reducer = 'sum', include } = (options.reduce ?? {}) as { reducer?: string; include?: string[] };
      const fields = frame.fields.filter(
        ({ name, type }) => type === 'number' && (!include?.length || include.includes(name)),
      );
      return {
        name: REDUCER_NAMES[reducer] ?? reducer,
        values: rows.map((row) => {
          const value = reduceCells(
            fields.map((field) => field.values[row] ?? null),
            reducer,
          );
          return typeof value === 'number' ? value : null;
        }),
      };
    }
    default:
      return undefined;
  }
}

/** One side of a calculation: a column by name, or a number, spelled in the ways of several versions. */
function operand(frame: Frame, side: unknown): { name: string; at(row: number): number | null } | undefined {
  const given = side as { fixed?: string; matcher?: { options?: unknown } } | string | undefined;
  const text = typeof given === 'string' ? given : (given?.fixed ?? String(given?.matcher?.options ?? ''));
  const field = typeof given === 'object' && given?.fixed !== undefined ? undefined : fieldOf(frame, text);
  if (field) {
    return {
      name: text,
      at: (row) => {
        const cell = field.values[row];
        return typeof cell === 'number' ? cell : null;
      },
    };
  }
  const number = Number(text);
  return text.trim() === '' || Number.isNaN(number) ? undefined : { name: text, at: () => number };
}

const mergeIfAlike = (frames: readonly Frame[]): readonly Frame[] =>
  frames.length > 1 ? mergeFrames(frames) : frames;

/** Labels of series become columns; what then has the same columns is one table. */
function labelsToFields(frames: readonly Frame[], options: Options): readonly Frame[] {
  const keep = options.keepLabels as string[] | undefined;
  const valueLabel = String(options.valueLabel ?? '');
  const isKept = (name: string): boolean => name !== '__name__' && (!keep?.length || keep.includes(name));
  if (options.mode === 'rows') {
    return frames.flatMap((frame) =>
      frame.fields
        .filter((field) => field.labels)
        .map(({ labels = {} }): Frame => {
          const pairs = Object.entries(labels).filter(([name]) => isKept(name));
          return {
            refId: frame.refId,
            fields: [
              { name: 'label', type: 'string', values: pairs.map(([name]) => name) },
              { name: 'value', type: 'string', values: pairs.map(([, value]) => value) },
            ],
          };
        }),
    );
  }
  const made = frames.map((frame): Frame => {
    const count = rowsOf(frame);
    const fields = frame.fields.flatMap((field): Field[] => {
      if (!field.labels) return [field];
      const { labels, ...plain } = field;
      const columns = Object.entries(labels)
        .filter(([name]) => isKept(name) && name !== valueLabel)
        .map(
          ([name, value]): Field => ({ name, type: 'string', values: new Array<Cell>(count).fill(value) }),
        );
      return [...columns, { ...plain, name: labels[valueLabel] ?? labels.__name__ ?? 'Value' }];
    });
    return { ...frame, fields };
  });
  return mergeFrames(made);
}

function seriesToRows(frames: readonly Frame[]): readonly Frame[] {
  const rows = frames.flatMap((frame) => {
    const time = fieldOf(frame, TIME);
    return frame.fields
      .filter((field) => field.type === 'number')
      .flatMap((field) =>
        field.values.map((value, i) => ({ time: time?.values[i] ?? null, name: field.name, value })),
      );
  });
  rows.sort((a, b) => Number(b.time) - Number(a.time));
  return [
    {
      refId: 'rows',
      fields: [
        { name: TIME, type: 'time', values: rows.map((row) => row.time) },
        { name: 'Metric', type: 'string', values: rows.map((row) => row.name) },
        { name: 'Value', type: 'number', values: rows.map((row) => row.value) },
      ],
    },
  ];
}

function convertTypes(frame: Frame, { conversions }: Options): Frame {
  const wanted = new Map(
    ((conversions ?? []) as { targetField?: string; destinationType?: string }[]).map((one) => [
      one.targetField,
      one.destinationType,
    ]),
  );
  return { ...frame, fields: frame.fields.map((field) => convert(field, wanted.get(field.name))) };
}

function convert(field: Field, type: string | undefined): Field {
  switch (type) {
    case 'number':
      return {
        ...field,
        type,
        values: field.values.map((cell) =>
          cell === null || cell === '' || Number.isNaN(Number(cell)) ? null : Number(cell),
        ),
      };
    case 'string':
      return { ...field, type, values: field.values.map((cell) => (cell === null ? '' : String(cell))) };
    case 'time':
      return {
        ...field,
        type,
        values: field.values.map((cell) => (typeof cell === 'string' ? Date.parse(cell) || null : cell)),
      };
    default:
      return field;
  }
}

function transpose(frame: Frame, options: Options): Frame {
  const [head, ...rest] = frame.fields;
  if (!head) return frame;
  const title =
    typeof options.firstFieldName === 'string' && options.firstFieldName !== ''
      ? options.firstFieldName
      : 'Field';
  const isNumeric = rest.every((field) => field.type === 'number');
  return {
    ...frame,
    fields: [
      { name: title, type: 'string', values: rest.map((field) => field.name) },
      ...head.values.map(
        (name, row): Field => ({
          name: String(name),
          type: isNumeric ? 'number' : 'string',
          values: rest.map((field) => field.values[row] ?? null),
        }),
      ),
    ],
  };
}

/** A row per series: its labels, and the series itself in small. */
function timeSeriesTable(frames: readonly Frame[]): readonly Frame[] {
  const byRef = Map.groupBy(frames, (frame) => frame.refId);
  return [...byRef].map(([refId, members]): Frame => {
    const columns = members.flatMap((frame) => frame.fields.filter((field) => field.type === 'number'));
    const labels = [...new Set(columns.flatMap((field) => Object.keys(field.labels ?? {})))].filter(
      (name) => name !== '__name__',
    );
    return {
      refId,
      fields: [
        ...labels.map(
          (name): Field => ({
            name,
            type: 'string',
            values: columns.map((field) => field.labels?.[name] ?? ''),
          }),
        ),
        {
          name: byRef.size > 1 ? `Trend #${refId}` : 'Trend',
          type: 'series',
          values: columns.map((field) => field.values as (number | null)[]),
        },
      ],
    };
  });
}

function padded(fields: readonly Field[]): Field[] {
  const length = Math.max(0, ...fields.map((field) => field.values.length));
  return fields.map((field) => ({
    ...field,
    values: Array.from({ length }, (_, i) => field.values[i] ?? null),
  }));
}
