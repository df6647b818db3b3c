import { glob, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../model/log.ts';
import { migrate, type SqliteDatabase } from '../sqlite/database.ts';
import { textsAt } from './json.ts';
import type { DashboardModel, DashboardSummary } from './model.ts';
import { DashboardError, parseDashboard, uidFromName, unwrapDashboard } from './parse.ts';

export interface DashboardStoreOptions {
  /** Globs of JSON files, absolute. */
  readonly files: readonly string[];
  /** state.db; dashboards that came through the API are kept there. */
  readonly db: SqliteDatabase;
  readonly clock: Clock;
  readonly log: Log;
}

/** Dashboards of files and of the API under one list. What was put through the API hides a file's with the same uid. */
export interface DashboardStore {
  /** By title. */
  list(): DashboardSummary[];
  /** @returns undefined when there is none, or its file is gone */
  get(uid: string): Promise<DashboardModel | undefined>;
  /** The JSON as it was authored, for export. */
  source(uid: string): Promise<string | undefined>;
  /**
   * Keeps a dashboard; one with the same uid is replaced.
   * @throws DashboardError when it is none
   */
  put(json: unknown): { readonly uid: string };
  /** Takes one of `put`'s away again. @returns false when there is none; a file is never touched */
  remove(uid: string): boolean;
  /** Changes whenever the dashboard does; undefined when there is none. */
  version(uid: string): Promise<string | undefined>;
  /**
   * Looks at the files again; with new globs if given. Only what changed is read. A file that is no dashboard is logged and left out.
   */
  load(files?: readonly string[]): Promise<void>;
  /** Does so again and again, until the stop that it returns. */
  watch(): () => void;
}

interface FileEntry {
  readonly summary: DashboardSummary;
  readonly file: string;
}

/** What a file was when it was last read. */
interface SeenFile {
  readonly stamp: string;
  /** Undefined when it is no dashboard. */
  readonly entry: FileEntry | undefined;
}

type SeenFiles = ReadonlyMap<string, SeenFile>;

/** A file that is dropped into a folder is to be there within two seconds. */
const LOOK_EVERY_MS = 1200;

interface Row {
  readonly uid: string;
  readonly title: string;
  readonly tags: string;
  readonly json: string;
}

const MIGRATIONS = [
  `CREATE TABLE dashboards (
    uid TEXT PRIMARY KEY, title TEXT NOT NULL, tags TEXT NOT NULL, json TEXT NOT NULL, updated_at INTEGER NOT NULL
  ) WITHOUT ROWID`,
];

/** Only the list is held in memory; a dashboard is read and parsed when it is opened. */
export function createDashboardStore({ files, db, clock, log }: DashboardStoreOptions): DashboardStore {
  migrate(db, 'dashboards', MIGRATIONS);
  const select = db.prepare<[string], Row>('SELECT uid, title, tags, json FROM dashboards WHERE uid = ?');
  const selectAll = db.prepare<[], Omit<Row, 'json'>>('SELECT uid, title, tags FROM dashboards');
  const upsert = db.prepare('INSERT OR REPLACE INTO dashboards VALUES (?, ?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM dashboards WHERE uid = ?');
  const selectUpdated = db.prepare<[string], { updated_at: number }>(
    'SELECT updated_at FROM dashboards WHERE uid = ?',
  );
  let globs = files;
  let seen: SeenFiles = new Map();
  let entries = new Map<string, FileEntry>();
  const load = async (): Promise<void> => {
    const next = await lookAt(globs, seen, log);
    const isSame =
      next.size === seen.size && [...next].every(([file, { stamp }]) => seen.get(file)?.stamp === stamp);
    seen = next;
    if (!isSame || entries.size === 0) entries = claimed(next, log);
  };

  const source = async (uid: string): Promise<{ text: string; name: string } | undefined> => {
    const row = select.get(uid);
    if (row) return { text: row.json, name: `${uid}.json` };
    const entry = entries.get(uid);
    if (!entry) return undefined;
    try {
      return { text: await readFile(entry.file, 'utf8'), name: entry.file };
    } catch (error) {
      log.warn({ file: entry.file, error }, 'dashboard file cannot be read any more');
      return undefined;
    }
  };

  return {
    list() {
      const kept = selectAll.all().map(
        (row): DashboardSummary => ({
          uid: row.uid,
          title: row.title,
          tags: JSON.parse(row.tags) as string[],
          folder: '',
          origin: 'import',
        }),
      );
      const hidden = new Set(kept.map(({ uid }) => uid));
      const ofFiles = [...entries.values()]
        .map(({ summary }) => summary)
        .filter(({ uid }) => !hidden.has(uid));
      return [...kept, ...ofFiles].sort((a, b) => a.title.localeCompare(b.title) || (a.uid < b.uid ? -1 : 1));
    },
    async get(uid) {
      const found = await source(uid);
      return found && { ...parseDashboard(JSON.parse(found.text), found.name), uid };
    },
    source: async (uid) => (await source(uid))?.text,
    put(json) {
      const dashboard = unwrapDashboard(json);
      const title = typeof dashboard.title === 'string' ? dashboard.title : '';
      const model = parseDashboard(json, title || 'dashboard');
      upsert.run(model.uid, model.title, JSON.stringify(model.tags), JSON.stringify(dashboard), clock.now());
      return { uid: model.uid };
    },
    remove: (uid) => remove.run(uid).changes > 0,
    async version(uid) {
      const row = selectUpdated.get(uid);
      if (row) return `kept-${row.updated_at}`;
      const entry = entries.get(uid);
      return entry && stampOf(entry.file);
    },
    load(next) {
      if (next) globs = next;
      return load();
    },
    watch() {
      let isStopped = false;
      let timer: Timer | undefined;
      const again = (): void => {
        if (isStopped) return;
        timer = clock.after(
          LOOK_EVERY_MS,
          () => void (globs.length === 0 ? again() : load().then(again, again)),
        );
      };
      again();
      return () => {
        isStopped = true;
        timer?.cancel();
      };
    },
  };
}

/** One file at a time, with a pause after each: a folder of large dashboards must not hold up the main thread. */
async function lookAt(globs: readonly string[], before: SeenFiles, log: Log): Promise<SeenFiles> {
  const found = new Map<string, SeenFile>();
  for (const pattern of globs) {
    const base = fixedPart(pattern);
    const matches: string[] = [];
    for await (const file of glob(pattern)) matches.push(file);
    for (const file of matches.sort()) {
      if (found.has(file)) continue;
      const stamp = await stampOf(file);
      if (stamp === undefined) continue;
      const known = before.get(file);
      if (known?.stamp === stamp) {
        found.set(file, known);
        continue;
      }
      found.set(file, { stamp, entry: await readEntry(file, base, log) });
      await new Promise<void>((resume) => setImmediate(resume));
    }
  }
  return found;
}

/** Undefined when the file is gone. */
async function stampOf(file: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs}-${size}-${ino}`;
  } catch {
    return undefined;
  }
}

function claimed(seen: SeenFiles, log: Log): Map<string, FileEntry> {
  const found = new Map<string, FileEntry>();
  for (const { entry } of seen.values()) if (entry) claim(found, entry, log);
  return found;
}

async function readEntry(file: string, base: string, log: Log): Promise<FileEntry | undefined> {
  try {
    const json: unknown = JSON.parse(await readFile(file, 'utf8'));
    const dashboard = unwrapDashboard(json);
    const uid =
      typeof dashboard.uid === 'string' && dashboard.uid.trim() !== ''
        ? dashboard.uid.trim()
        : uidFromName(file);
    const title =
      typeof dashboard.title === 'string' && dashboard.title !== ''
        ? dashboard.title
        : path.basename(file, '.json');
    const folder = path.relative(base, path.dirname(file));
    return { file, summary: { uid, title, tags: textsAt(dashboard, 'tags'), folder, origin: 'file' } };
  } catch (error) {
    const isOurs = error instanceof DashboardError || error instanceof SyntaxError;
    log.warn({ file, error: isOurs ? error.message : error }, 'dashboard file left out');
    return undefined;
  }
}

/** Keeps both of two files with one uid: the later one gets a uid from its name. */
function claim(found: Map<string, FileEntry>, entry: FileEntry, log: Log): void {
  let { uid } = entry.summary;
  if (found.has(uid)) {
    const plain = uidFromName(entry.file);
    uid = plain;
    for (let n = 2; found.has(uid); n++) uid = `${plain.slice(0, 36)}-${n}`;
    log.warn(
      { file: entry.file, other: found.get(entry.summary.uid)?.file, uid },
      `two dashboards have the uid ${JSON.stringify(entry.summary.uid)}: the second is served under another one`,
    );
  }
  found.set(uid, { ...entry, summary: { ...entry.summary, uid } });
}

/** The folder a glob starts in: all before the first part with a wildcard; of a plain file, its folder. */
function fixedPart(pattern: string): string {
  const parts = pattern.split(path.sep);
  const wild = parts.findIndex((part) => /[*?[{]/.test(part));
  return parts.slice(0, wild < 0 ? -1 : wild).join(path.sep) || path.sep;
}
