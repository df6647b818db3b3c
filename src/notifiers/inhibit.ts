import type { InhibitRuleConfig } from '../config/inhibit.ts';
import { type Labels, labelValue, textsKey } from '../model/labels.ts';
import type { StoredAlert } from './alerts.ts';
import { type CompiledMatchers, compileMatchers, formatAlertMatchers, perLabelSet } from './matching.ts';

/** Why an alert is inhibited. */
export interface Inhibition {
  /** The rule's name, or its place in the list when it has none. */
  readonly rule: string;
  /** Fingerprint of the alert that inhibits. */
  readonly source: string;
  readonly sourceLabels: Labels;
  /** Since when the source fires, Unix ms. */
  readonly since: number;
}

/** Tells which alerts are inhibited by others that are active. */
export class Inhibitor {
  readonly #rules: readonly Rule[];
  /** The rules that an alert is a source of. */
  readonly #asSource = perLabelSet((labels) =>
    this.#rules
      .filter((rule) => rule.source.matches(labels))
      .map((rule) => ({ rule, key: equalKey(rule.equal, labels) })),
  );
  /** The rules that an alert is a target of. */
  readonly #asTarget = perLabelSet((labels) =>
    this.#rules
      .filter((rule) => rule.target.matches(labels))
      .map((rule) => ({ rule, key: equalKey(rule.equal, labels), twoSided: rule.source.matches(labels) })),
  );

  constructor(rules: readonly InhibitRuleConfig[]) {
    this.#rules = rules.map(createRule);
  }

  /** Takes note of an alert that may be a source. Call it for every state of every alert. */
  note(alert: StoredAlert): void {
    for (const { rule, key } of this.#asSource(alert.labels)) {
      let sources = rule.sources.get(key);
      if (!sources) rule.sources.set(key, (sources = new Map()));
      sources.set(alert.fingerprint, alert);
    }
  }

  /** Forgets alerts that are gone for good. */
  forget(alerts: readonly StoredAlert[]): void {
    for (const alert of alerts) {
      for (const { rule, key } of this.#asSource(alert.labels)) {
        const sources = rule.sources.get(key);
        if (sources?.delete(alert.fingerprint) && sources.size === 0) rule.sources.delete(key);
      }
    }
  }

  /**
   * The first rule and source that inhibit an alert with these labels. A source that matches both sides of the rule does not
   * inhibit an alert that does so too, which also keeps an alert from inhibiting itself.
   */
  inhibits(labels: Labels, now: number): Inhibition | undefined {
    for (const { rule, key, twoSided } of this.#asTarget(labels)) {
      const sources = rule.sources.get(key);
      if (!sources) continue;
      for (const source of sources.values()) {
        if (source.endsAt <= now) continue;
        if (twoSided && rule.target.matches(source.labels)) continue;
        return {
          rule: rule.name,
          source: source.fingerprint,
          sourceLabels: source.labels,
          since: source.startsAt,
        };
      }
    }
    return undefined;
  }
}

interface Rule {
  readonly name: string;
  readonly source: CompiledMatchers;
  readonly target: CompiledMatchers;
  readonly equal: readonly string[];
  /** Sources by the values of the `equal` labels, then by fingerprint. */
  readonly sources: Map<string, Map<string, StoredAlert>>;
}

function createRule(config: InhibitRuleConfig, index: number): Rule {
  const { source_matchers: source, target_matchers: target } = config;
  const text = `${formatAlertMatchers(source)} inhibits ${formatAlertMatchers(target)}`;
  return {
    name: config.name || `inhibit_rules[${index}]: ${text}`,
    source: compileMatchers(source),
    target: compileMatchers(target),
    equal: [...new Set(config.equal)],
    sources: new Map(),
  };
}

/** A missing label equals an empty one. */
function equalKey(names: readonly string[], labels: Labels): string {
  return textsKey(names.map((name) => labelValue(labels, name)));
}
