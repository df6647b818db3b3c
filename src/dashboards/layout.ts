import { type Json, numberAt, objectAt, objectsAt, textAt } from './json.ts';
import type { GridPos } from './model.ts';

/** A panel on its way: authored fields, where it stands, and the panels of a row that holds them itself. */
export interface PlacedPanel {
  readonly json: Json;
  readonly gridPos: GridPos;
  readonly inner: readonly PlacedPanel[];
}

const COLUMNS = 24;
/** Grid rows of a panel that does not say how tall it is. */
const DEFAULT_HEIGHT = 8;
/** One grid row with the gap below it, in the pixels old rows are measured in. */
const ROW_PX = 38;

/** Panels of `panels[]` with `gridPos`, or of the `rows[]` of before 2018 with `span`, in one grid. */
export function placePanels(dashboard: Json): PlacedPanel[] {
  const rows = objectsAt(dashboard, 'rows');
  const panels = objectsAt(dashboard, 'panels');
  return rows.length > 0 && panels.length === 0 ? placeRows(rows) : placeGrid(panels);
}

/** Panels without a place go into the next free one, left to right, below those that have one above them. */
function placeGrid(panels: readonly Json[]): PlacedPanel[] {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  return panels.map((json) => {
    const authored = objectAt(json, 'gridPos');
    const isRow = textAt(json, 'type') === 'row';
    const h = numberAt(authored, 'h') ?? (isRow ? 1 : DEFAULT_HEIGHT);
    const w = Math.min(COLUMNS, numberAt(authored, 'w') ?? (isRow ? COLUMNS : spanWidth(json)));
    const givenX = numberAt(authored, 'x');
    const givenY = numberAt(authored, 'y');
    let gridPos: GridPos;
    if (givenX !== undefined && givenY !== undefined) {
      gridPos = { x: givenX, y: givenY, w, h };
      y = Math.max(y, givenY + h);
      x = 0;
      rowHeight = 0;
    } else {
      if (x + w > COLUMNS) {
        x = 0;
        y += rowHeight;
        rowHeight = 0;
      }
      gridPos = { x, y, w, h };
      x += w;
      rowHeight = Math.max(rowHeight, h);
      if (x >= COLUMNS) {
        x = 0;
        y += rowHeight;
        rowHeight = 0;
      }
    }
    return { json, gridPos, inner: isRow ? placeGrid(objectsAt(json, 'panels')) : [] };
  });
}

/** `span` counts twelfths. */
const spanWidth = (panel: Json): number => Math.round((numberAt(panel, 'span') ?? COLUMNS / 4) * 2);

/** A row with a title that shows, or one that is closed, becomes a row panel; the others only set heights. */
function placeRows(rows: readonly Json[]): PlacedPanel[] {
  const placed: PlacedPanel[] = [];
  let y = 0;
  const hasRows = rows.some(
    (row) => row.showTitle === true || row.collapse === true || textAt(row, 'repeat') !== '',
  );
  for (const row of rows) {
    const height = Math.max(2, Math.round(pixels(row.height) / ROW_PX));
    const isCollapsed = row.collapse === true;
    const rowY = y;
    if (hasRows) y += 1;
    const members: PlacedPanel[] = [];
    let x = 0;
    let lineHeight = 0;
    for (const json of objectsAt(row, 'panels')) {
      const w = Math.min(COLUMNS, spanWidth(json));
      const h = json.height === undefined ? height : Math.max(2, Math.round(pixels(json.height) / ROW_PX));
      if (x + w > COLUMNS) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      members.push({ json, gridPos: { x, y, w, h }, inner: [] });
      x += w;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
    if (hasRows) {
      const json = {
        type: 'row',
        title: textAt(row, 'title'),
        collapsed: isCollapsed,
        repeat: row.repeat ?? undefined,
      };
      placed.push({ json, gridPos: { x: 0, y: rowY, w: COLUMNS, h: 1 }, inner: isCollapsed ? members : [] });
      if (isCollapsed) y = rowY + 1;
    }
    if (!isCollapsed) placed.push(...members);
  }
  return placed;
}

/** `250px`, `250` or a number. */
function pixels(height: unknown): number {
  const value = typeof height === 'number' ? height : Number.parseFloat(String(height));
  return Number.isFinite(value) && value > 0 ? value : 250;
}
