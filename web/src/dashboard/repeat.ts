import type { GridPos, PanelModel } from '../../../src/dashboards/model.ts';
import type { Choices } from './substitute.ts';

/** A panel to draw: as authored, or one of its copies with its own choice of the variable. */
export interface ShownPanel {
  readonly key: string;
  /** Names it in the URL: the authored id, of copies with their value. */
  readonly name: string;
  readonly panel: PanelModel;
  readonly choices: Choices;
}

/** What stands under one row heading, or before the first one. */
export interface Section {
  readonly key: string;
  readonly row: ShownPanel | undefined;
  readonly panels: readonly ShownPanel[];
}

const COLUMNS = 24;
/** Most copies of one panel or row: a variable may have thousands of values. */
const MAX_COPIES = 100;

/** Cuts the grid at its row panels, and repeats rows and panels for each chosen value of their variable. */
export function expandSections(panels: readonly PanelModel[], choices: Choices): Section[] {
  return sectionsOf(panels).flatMap(({ row, panels: members }): Section[] => {
    const key = String(row?.id ?? 'top');
    if (!row) return [{ key, row: undefined, panels: expandPanels(members, choices, key) }];
    return copiesOf(row, choices).map((own) => ({
      key: `${key} ${own.key}`,
      row: { key: own.key, name: '', panel: row, choices: own.choices },
      panels: expandPanels(members, own.choices, `${key} ${own.key}`, own.key),
    }));
  });
}

/** Copies of a panel stand side by side (or below each other); what is below them moves down. */
export function expandPanels(
  panels: readonly PanelModel[],
  choices: Choices,
  prefix: string,
  ofRow = '',
): ShownPanel[] {
  const ordered = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  const shown: ShownPanel[] = [];
  /** What was added above, by the grid row from which on it counts. */
  const moves: { from: number; by: number }[] = [];
  for (const panel of ordered) {
    const moved = moves.reduce((sum, { from, by }) => sum + (panel.gridPos.y >= from ? by : 0), 0);
    const place: GridPos = { ...panel.gridPos, y: panel.gridPos.y + moved };
    const copies = copiesOf(panel, choices);
    const places = placesOf(panel, place, copies);
    copies.forEach((copy, i) => {
      shown.push({
        key: `${prefix} ${panel.id} ${copy.key}`,
        name: [String(panel.id), ofRow, copy.key].filter((part) => part !== '').join('-'),
        panel: { ...panel, gridPos: places[i]! },
        choices: copy.choices,
      });
    });
    const bottom = Math.max(...places.map(({ y, h }) => y + h));
    const grown = bottom - (place.y + place.h);
    if (grown > 0) moves.push({ from: panel.gridPos.y + panel.gridPos.h, by: grown });
  }
  return withoutGaps(shown);
}

/**
 * Every panel as far up as those above it let it, as Grafana lays its grid out: what a file says of rows in between counts only for
 * the order. In closed rows panels are often far apart.
 */
function withoutGaps(shown: readonly ShownPanel[]): ShownPanel[] {
  const bottoms = new Array<number>(COLUMNS).fill(0);
  return [...shown]
    .sort((a, b) => a.panel.gridPos.y - b.panel.gridPos.y || a.panel.gridPos.x - b.panel.gridPos.x)
    .map((one) => {
      const { x, w, h } = one.panel.gridPos;
      const [from, to] = [Math.min(x, COLUMNS - 1), Math.min(COLUMNS, x + Math.max(1, w))];
      const y = Math.max(...bottoms.slice(from, to));
      bottoms.fill(y + h, from, to);
      return { ...one, panel: { ...one.panel, gridPos: { ...one.panel.gridPos, y } } };
    });
}

function placesOf(panel: PanelModel, place: GridPos, copies: readonly { key: string }[]): GridPos[] {
  const count = copies.length;
  const unchanged = copies[0]?.key === '';
  if (panel.repeat === undefined || unchanged) return Array.from({ length: count }, () => place);
  if (panel.repeatDirection === 'v')
    return Array.from({ length: count }, (_, i) => ({ ...place, y: place.y + i * place.h }));
  const perRow = Math.max(1, Math.min(count, panel.maxPerRow ?? 4));
  const w = Math.floor(COLUMNS / perRow);
  return Array.from({ length: count }, (_, i) => ({
    ...place,
    x: (i % perRow) * w,
    y: place.y + Math.floor(i / perRow) * place.h,
    w,
  }));
}

/** One for each chosen value; the panel itself when its variable has none or is unknown. */
function copiesOf(panel: PanelModel, choices: Choices): { key: string; choices: Choices }[] {
  const chosen = panel.repeat === undefined ? undefined : choices.get(panel.repeat);
  if (!chosen || chosen.values.length === 0) return [{ key: '', choices }];
  return chosen.values.slice(0, MAX_COPIES).map((value, i) => ({
    key: value,
    choices: new Map(choices).set(panel.repeat!, {
      ...chosen,
      values: [value],
      texts: [chosen.texts[i] ?? value],
      isAll: false,
    }),
  }));
}

/** Cuts the grid at its row panels; a closed row brings its panels itself. */
function sectionsOf(
  panels: readonly PanelModel[],
): { row: PanelModel | undefined; panels: readonly PanelModel[] }[] {
  const ordered = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  const sections: { row: PanelModel | undefined; panels: PanelModel[] }[] = [];
  for (const panel of ordered) {
    if (panel.type === 'row') sections.push({ row: panel, panels: [...(panel.panels ?? [])] });
    else if (sections.length === 0) sections.push({ row: undefined, panels: [panel] });
    else sections.at(-1)!.panels.push(panel);
  }
  return sections;
}
