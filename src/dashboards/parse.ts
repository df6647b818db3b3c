import { createHash } from 'node:crypto';
import { readAnnotations } from './annotations.ts';
import { sourceReader } from './datasource.ts';
import { isObject, type Json, numberAt, objectAt, objectsAt, textAt, textsAt } from './json.ts';
import { placePanels } from './layout.ts';
import type { DashboardLinkModel, DashboardModel } from './model.ts';
import { panelIds, readPanel } from './panel.ts';
import { readVariables } from './variables.ts';

/** What was handed over is no dashboard at all. */
export class DashboardError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DashboardError';
  }
}

/**
 * Reads Grafana's dashboard JSON of any age (schema 12 to 42), plain or in a `dashboard` or `spec` wrapper, exported or not. What
 * cannot be drawn is named in warnings; a dashboard as a whole never fails.
 * @param json the parsed JSON
 * @param fileName gives the uid of a dashboard that has none
 * @throws DashboardError when it is not a JSON object, or an object that has nothing of a dashboard
 */
export function parseDashboard(json: unknown, fileName: string): DashboardModel {
  const dashboard = unwrapDashboard(json);
  const warnings: string[] = [];
  const sourceOf = sourceReader(dashboard);
  const ids = panelIds(authoredIds(dashboard));
  const time = objectAt(dashboard, 'time');
  const from = textAt(time, 'from');
  return {
    uid: uidOf(dashboard, fileName),
    title: textAt(dashboard, 'title') || baseName(fileName),
    description: textAt(dashboard, 'description'),
    tags: textsAt(dashboard, 'tags'),
    schemaVersion: numberAt(dashboard, 'schemaVersion') ?? 0,
    timezone: textAt(dashboard, 'timezone', 'browser') || 'browser',
    ...(from === '' ? {} : { time: { from, to: textAt(time, 'to', 'now') } }),
    refresh: textAt(dashboard, 'refresh'),
    tooltip: tooltipOf(dashboard),
    panels: placePanels(dashboard).map((panel) => readPanel(panel, sourceOf, ids)),
    variables: readVariables(dashboard, warnings),
    annotations: readAnnotations(dashboard, sourceOf, warnings),
    links: readDashboardLinks(dashboard),
    warnings,
  };
}

/** Who says nothing gets the crosshair; before 4.6 a flag said so. */
function tooltipOf(dashboard: Json): DashboardModel['tooltip'] {
  const authored = numberAt(dashboard, 'graphTooltip');
  if (authored === undefined) return 'crosshair';
  return (['own', 'crosshair', 'shared'] as const)[authored] ?? 'own';
}

/** `links`: of the types `link` and `dashboards`; one of neither, or without an address, leads nowhere. */
function readDashboardLinks(dashboard: Json): DashboardLinkModel[] {
  return objectsAt(dashboard, 'links').flatMap((link): DashboardLinkModel[] => {
    const type = textAt(link, 'type', 'link');
    const url = textAt(link, 'url');
    if (type !== 'dashboards' && (type !== 'link' || url === '')) return [];
    return [
      {
        kind: type,
        title: textAt(link, 'title') || (type === 'link' ? url : 'Dashboards'),
        tooltip: textAt(link, 'tooltip'),
        url,
        tags: textsAt(link, 'tags'),
        isMenu: link.asDropdown === true,
        keepTime: link.keepTime === true,
        includeVars: link.includeVars === true,
        isNewTab: link.targetBlank === true,
      },
    ];
  });
}

/** The dashboard itself, out of the wrappers that exports, provisioning and the API put around it. */
export function unwrapDashboard(json: unknown): Json {
  if (!isObject(json)) throw new DashboardError('expected a dashboard as a JSON object');
  for (const key of ['dashboard', 'spec']) {
    const inner = json[key];
    if (isObject(inner) && looksLikeDashboard(inner)) return inner;
  }
  if (looksLikeDashboard(json)) return json;
  throw new DashboardError(
    'expected a Grafana dashboard (an object with "panels" or "rows" and a "title"), found none of these',
  );
}

const looksLikeDashboard = (json: Json): boolean =>
  Array.isArray(json.panels) ||
  Array.isArray(json.rows) ||
  (typeof json.title === 'string' && isObject(json.templating));

/** Grafana allows letters, digits, `-` and `_`, 40 at most; what a file name has beyond that becomes a dash. */
export function uidFromName(fileName: string): string {
  const plain = baseName(fileName)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^\w-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase();
  if (plain === '') return shortHash(fileName);
  return plain.length <= 40 ? plain : `${plain.slice(0, 31)}-${shortHash(plain)}`;
}

function uidOf(dashboard: Json, fileName: string): string {
  const authored = textAt(dashboard, 'uid').trim();
  return authored === '' ? uidFromName(fileName) : authored;
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

const baseName = (fileName: string): string =>
  fileName
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.json$/i, '');

function authoredIds(dashboard: Json): number[] {
  const ofPanels = (panels: readonly Json[]): number[] =>
    panels.flatMap((panel) => [numberAt(panel, 'id') ?? 0, ...ofPanels(objectsAt(panel, 'panels'))]);
  return [
    ...ofPanels(objectsAt(dashboard, 'panels')),
    ...objectsAt(dashboard, 'rows').flatMap((row) => ofPanels(objectsAt(row, 'panels'))),
  ];
}
