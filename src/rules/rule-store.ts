import { type Labels, labelsFromSorted, labelsKey } from '../model/labels.ts';
import { type Migration, migrate, type SqliteDatabase } from '../sqlite/database.ts';
import type { ActiveAlert, ActiveAlerts, AlertState, AlertTransition } from './alert-state.ts';

/** What was known of a rule when the program stopped. */
export interface StoredRule {
  /** Unix ms of the last evaluation that was kept. */
  readonly evaluatedAt: number;
  readonly alerts: ActiveAlerts;
}

/** A change of state, as history shows it. */
export interface StoredTransition extends AlertTransition {
  readonly rule: string;
}

/** The alerts of rules in state.db. All calls are synchronous and committed when they return. */
export interface RuleStore {
  load(rule: string): StoredRule | undefined;
  /** Keeps the alerts of a rule as they stand after an evaluation; only rows that changed are written. */
  save(
    rule: string,
    alerts: ActiveAlerts,
    evaluatedAt: number,
    transitions: readonly AlertTransition[],
  ): void;
  /** Forgets all rules but these. */
  retain(rules: ReadonlySet<string>): void;
  /**
   * Changes of state with `at` in [from, to), newest first, in short lists: each is read when it is taken, so others may have their
   * turn in between.
   */
  transitions(from: number, to: number, limit: number): Generator<StoredTransition[]>;
  /** Forgets changes of state before `before`, Unix ms. */
  prune(before: number): void;
}

/** Changes of state read at once. */
const TRANSITIONS_AT_ONCE = 256;

/**
 * `rule` is the rule's key (rule-run.ts); labels and annotations are JSON arrays of names and values in turn, sorted; times are Unix
 * ms, 0 = not (yet). `rule_evaluations` says when a rule was last kept, from which a start tells how long the outage was;
 * `rule_transitions` is history, pruned by age.
 */
const MIGRATIONS: readonly Migration[] = [
  `CREATE TABLE rule_evaluations (
     rule TEXT PRIMARY KEY,
     evaluated_at INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE rule_alerts (
     rule TEXT NOT NULL,
     labels TEXT NOT NULL,
     annotations TEXT NOT NULL,
     state TEXT NOT NULL,
     value REAL,
     active_at INTEGER NOT NULL,
     fired_at INTEGER NOT NULL,
     resolved_at INTEGER NOT NULL,
     keep_firing_since INTEGER NOT NULL,
     last_sent_at INTEGER NOT NULL,
     valid_until INTEGER NOT NULL,
     PRIMARY KEY (rule, labels)
   ) WITHOUT ROWID;
   CREATE TABLE rule_transitions (
     id INTEGER PRIMARY KEY,
     at INTEGER NOT NULL,
     rule TEXT NOT NULL,
     labels TEXT NOT NULL,
     from_state TEXT NOT NULL,
     to_state TEXT NOT NULL,
     value REAL
   );
   CREATE INDEX rule_transitions_at ON rule_transitions (at);`,
];

interface AlertRow {
  readonly labels: string;
  readonly annotations: string;
  readonly state: AlertState;
  /** NULL is NaN, which SQLite has no other way to hold. */
  readonly value: number | null;
  readonly active_at: number;
  readonly fired_at: number;
  readonly resolved_at: number;
  readonly keep_firing_since: number;
  readonly last_sent_at: number;
  readonly valid_until: number;
}

export function createRuleStore(db: SqliteDatabase): RuleStore {
  migrate(db, 'rules', MIGRATIONS);
  const statements = {
    evaluated: db.prepare('SELECT evaluated_at FROM rule_evaluations WHERE rule = ?').pluck(),
    alerts: db.prepare('SELECT * FROM rule_alerts WHERE rule = ?'),
    mark: db.prepare('INSERT OR REPLACE INTO rule_evaluations VALUES (?, ?)'),
    put: db.prepare('INSERT OR REPLACE INTO rule_alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    drop: db.prepare('DELETE FROM rule_alerts WHERE rule = ? AND labels = ?'),
    transition: db.prepare(
      'INSERT INTO rule_transitions (at, rule, labels, from_state, to_state, value) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    rules: db.prepare('SELECT rule FROM rule_evaluations').pluck(),
    forgetRule: db.prepare('DELETE FROM rule_evaluations WHERE rule = ?'),
    forgetAlerts: db.prepare('DELETE FROM rule_alerts WHERE rule = ?'),
    history: db.prepare(
      'SELECT * FROM rule_transitions WHERE at >= ? AND (at, id) < (?, ?) ORDER BY at DESC, id DESC LIMIT ?',
    ),
    prune: db.prepare('DELETE FROM rule_transitions WHERE at < ?'),
  };
  /** What stands in the table, by rule and `labelsKey`, so that unchanged rows are not written again. */
  const written = new Map<string, Map<string, string>>();

  const saveAll = db.transaction(
    (
      rule: string,
      alerts: ActiveAlerts,
      evaluatedAt: number,
      transitions: readonly AlertTransition[],
    ): Map<string, string> => {
      const before = written.get(rule);
      const after = new Map<string, string>();
      for (const [key, alert] of alerts) {
        const row = rowOf(rule, alert);
        const text = row.join('\0');
        after.set(key, text);
        if (before?.get(key) !== text) statements.put.run(...row);
      }
      for (const [key, text] of before ?? []) {
        if (!after.has(key)) statements.drop.run(rule, text.split('\0')[1]);
      }
      for (const { at, labels, from, to, value } of transitions) {
        statements.transition.run(at, rule, JSON.stringify(labels), from, to, storedValue(value));
      }
      statements.mark.run(rule, evaluatedAt);
      return after;
    },
  );
  const forget = db.transaction((rules: readonly string[]) => {
    for (const rule of rules) {
      statements.forgetRule.run(rule);
      statements.forgetAlerts.run(rule);
    }
  });

  return {
    load(rule) {
      const evaluatedAt = statements.evaluated.get(rule) as number | undefined;
      if (evaluatedAt === undefined) return undefined;
      const alerts: ActiveAlerts = new Map();
      const rows = new Map<string, string>();
      for (const row of statements.alerts.all(rule) as AlertRow[]) {
        const alert = alertOf(row);
        const key = labelsKey(alert.labels);
        alerts.set(key, alert);
        rows.set(key, rowOf(rule, alert).join('\0'));
      }
      written.set(rule, rows);
      return { evaluatedAt, alerts };
    },
    save(rule, alerts, evaluatedAt, transitions) {
      const isQuiet = alerts.size === 0 && transitions.length === 0;
      if (isQuiet && written.get(rule)?.size === 0) return;
      written.set(rule, saveAll(rule, alerts, evaluatedAt, transitions));
    },
    retain(rules) {
      forget((statements.rules.all() as string[]).filter((rule) => !rules.has(rule)));
      for (const rule of written.keys()) if (!rules.has(rule)) written.delete(rule);
    },
    *transitions(from, to, limit) {
      let before = [to, 0];
      for (let left = limit; left > 0; left -= TRANSITIONS_AT_ONCE) {
        const wanted = Math.min(left, TRANSITIONS_AT_ONCE);
        const rows = statements.history.all(from, ...before, wanted) as TransitionRow[];
        if (rows.length > 0) yield rows.map(transitionOf);
        if (rows.length < wanted) return;
        const last = rows.at(-1)!;
        before = [last.at, last.id];
      }
    },
    prune(before) {
      statements.prune.run(before);
    },
  };
}

interface TransitionRow {
  readonly id: number;
  readonly at: number;
  readonly rule: string;
  readonly labels: string;
  readonly from_state: AlertState;
  readonly to_state: AlertState;
  readonly value: number | null;
}

const transitionOf = ({
  at,
  rule,
  labels,
  from_state,
  to_state,
  value,
}: TransitionRow): StoredTransition => ({
  at,
  rule,
  labels: labelsOfText(labels),
  from: from_state,
  to: to_state,
  value: value ?? Number.NaN,
});

const storedValue = (value: number): number | null => (Number.isNaN(value) ? null : value);
const labelsOfText = (text: string): Labels => labelsFromSorted(JSON.parse(text) as string[]);

function rowOf(rule: string, alert: ActiveAlert): (string | number | null)[] {
  return [
    rule,
    JSON.stringify(alert.labels),
    JSON.stringify(alert.annotations),
    alert.state,
    storedValue(alert.value),
    alert.activeAt,
    alert.firedAt,
    alert.resolvedAt,
    alert.keepFiringSince,
    alert.lastSentAt,
    alert.validUntil,
  ];
}

function alertOf(row: AlertRow): ActiveAlert {
  return {
    labels: labelsOfText(row.labels),
    annotations: labelsOfText(row.annotations),
    state: row.state,
    value: row.value ?? Number.NaN,
    activeAt: row.active_at,
    seenAt: 0,
    firedAt: row.fired_at,
    resolvedAt: row.resolved_at,
    keepFiringSince: row.keep_firing_since,
    lastSentAt: row.last_sent_at,
    validUntil: row.valid_until,
  };
}
