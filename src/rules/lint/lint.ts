import type { RuleGroupConfig } from '../../config/rules.ts';
import type { Expr } from '../../promql/ast.ts';
import { parseExpr } from '../../promql/parse.ts';
import { expressionRemarks } from './expressions.ts';
import type { LintFinding, ParsedRule, RuleRemark } from './finding.ts';
import { groupRemarks, identityOf, ruleSet } from './groups.ts';
import { type LintedRouting, routingFindings } from './routing.ts';
import { type StoredFacts, storedRemarks } from './stored.ts';
import { textRemarks } from './texts.ts';

export interface LintInput {
  readonly groups: readonly RuleGroupConfig[];
  /** Undefined when no configuration of routes is checked along with the rules. */
  readonly routing?: LintedRouting;
  /** The shortest interval at which anything is scraped, ms. */
  readonly scrapeIntervalMs?: number | undefined;
  /** What is stored; without it only the rules themselves are looked at. */
  readonly facts?: StoredFacts | undefined;
}

/** Rules with their expressions parsed; those that do not parse are left to the checks that must pass. */
export function parsedRules(groups: readonly RuleGroupConfig[]): ParsedRule[] {
  return groups.flatMap((group) =>
    group.rules.flatMap((config) => {
      let expr: Expr;
      try {
        expr = parseExpr(config.expr);
      } catch {
        return [];
      }
      const name = config.kind === 'alert' ? config.alert : config.record;
      return [{ group, config, name, expr, identity: identityOf(config, name, expr) }];
    }),
  );
}

/** What is valid and probably not meant. Says nothing where it cannot be sure. */
export function lint(input: LintInput): LintFinding[] {
  const rules = parsedRules(input.groups);
  const all = ruleSet(rules);
  const { facts } = input;
  const context = {
    typeOf: (metric: string) => facts?.typeOf.get(metric),
    scrapeIntervalMs: input.scrapeIntervalMs,
    hasStore: facts !== undefined,
  };
  const recorded = new Set(rules.filter(({ config }) => config.kind === 'record').map(({ name }) => name));
  const findings = rules.flatMap((rule) => {
    const remarks: RuleRemark[] = [
      ...expressionRemarks(rule, context),
      ...(rule.config.kind === 'alert' ? textRemarks(rule.config, rule.expr) : []),
      ...groupRemarks(rule, all),
      ...(facts ? storedRemarks(rule, facts, recorded) : []),
    ];
    const said = new Map(remarks.map((remark) => [remark.join(), remark]));
    return [...said.values()].map(
      ([check, message]): LintFinding => ({
        check,
        message,
        at: { kind: 'rule', file: rule.group.file, position: rule.config.position, rule: rule.name },
      }),
    );
  });
  return input.routing ? [...findings, ...routingFindings(rules, input.routing)] : findings;
}
