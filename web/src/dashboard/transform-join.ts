import { type Cell, type Field, type Frame, fieldOf, rowsOf, TIME, uniqueNames } from './frame.ts';

/** Frames as one: rows that agree in all columns that every frame has, and contradict nowhere else, become one row. */
export function mergeFrames(frames: readonly Frame[]): Frame[] {
  const given = frames.filter((frame) => frame.fields.length > 0);
  if (given.length <= 1) return [...given];
  const names = [...new Set(given.flatMap((frame) => frame.fields.map((field) => field.name)))];
  const keys = names.filter((name) => given.every((frame) => fieldOf(frame, name)));
  const rows: Map<string, Cell>[] = [];
  const byKey = new Map<string, Map<string, Cell>[]>();
  for (const frame of given) {
    for (let i = 0; i < rowsOf(frame); i++) {
      const cells = frame.fields.map((field) => [field.name, field.values[i] ?? null] as const);
      const key = JSON.stringify(keys.map((name) => fieldOf(frame, name)!.values[i]));
      const same = byKey.get(key) ?? [];
      const free = same.find((row) =>
        cells.every(([name, cell]) => !row.has(name) || row.get(name) === cell),
      );
      const row = free ?? new Map<string, Cell>();
      for (const [name, cell] of cells) row.set(name, cell);
      if (free) continue;
      rows.push(row);
      byKey.set(key, [...same, row]);
    }
  }
  return [{ refId: 'merged', fields: names.map((name) => columnOf(given, name, rows)) }];
}

const columnOf = (frames: readonly Frame[], name: string, rows: readonly Map<string, Cell>[]): Field => ({
  name,
  type: typeOf(frames, name),
  values: rows.map((row) => row.get(name) ?? null),
});

function typeOf(frames: readonly Frame[], name: string): Field['type'] {
  for (const frame of frames) {
    const field = fieldOf(frame, name);
    if (field) return field.type;
  }
  return 'string';
}

/** Frames side by side, joined where a column has equal values. Columns of one name get numbers. */
export function joinFrames(frames: readonly Frame[], byField: string | undefined, mode: string): Frame[] {
  if (frames.length === 0) return [];
  const name = byField ?? commonField(frames);
  if (name === undefined) return [...frames];
  const sides = frames.filter((frame) => fieldOf(frame, name));
  if (sides.length === 0) return [];
  const found = sides.map((frame) => {
    const { values } = fieldOf(frame, name)!;
    return Map.groupBy(values.keys(), (row) => values[row]!);
  });
  const all = [...new Set(found.flatMap((byKey) => [...byKey.keys()]))];
  const keys = mode === 'inner' ? all.filter((key) => found.every((byKey) => byKey.has(key))) : all;
  if (fieldOf(sides[0]!, name)!.type === 'time') keys.sort((a, b) => Number(a) - Number(b));
  const lines = keys.flatMap((key) =>
    combinations(found.map((byKey) => byKey.get(key) ?? [undefined])).map((rows) => ({ key, rows })),
  );
  const others = sides.flatMap((frame, side) =>
    frame.fields
      .filter((field) => field.name !== name)
      .map(
        (field): Field => ({
          ...field,
          values: lines.map(({ rows }) => {
            const row = rows[side];
            return row === undefined ? null : (field.values[row] ?? null);
          }),
        }),
      ),
  );
  const joined: Field = { ...fieldOf(sides[0]!, name)!, values: lines.map(({ key }) => key) };
  return [{ refId: 'joined', fields: [joined, ...uniqueNames(others)] }];
}

/** Most rows that one key may give: rows that share a key in many frames multiply. */
const MAX_COMBINED = 1000;

function combinations(sides: readonly (readonly (number | undefined)[])[]): (number | undefined)[][] {
  let rows: (number | undefined)[][] = [[]];
  for (const side of sides) {
    rows = rows.flatMap((row) => side.map((one) => [...row, one])).slice(0, MAX_COMBINED);
  }
  return rows;
}

/** Without a name it is the time, or the first column that every frame has. */
function commonField(frames: readonly Frame[]): string | undefined {
  const has = (name: string): boolean => frames.every((frame) => fieldOf(frame, name));
  return has(TIME) ? TIME : frames[0]!.fields.find((field) => has(field.name))?.name;
}

/** Series of several frames as columns over one time, as calculations over several series need them. */
export function wideFrames(frames: readonly Frame[]): readonly Frame[] {
  const isSeries = frames.length > 1 && frames.every((frame) => fieldOf(frame, TIME));
  return isSeries ? joinFrames(frames, TIME, 'outer') : frames;
}
