import { METRIC_NAME } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import { type Expr, unwrapParens, type VectorSelector, walkExpr } from '../../promql/ast.ts';
import type { ParsedRule, RuleRemark } from './finding.ts';

/** What is stored, asked once for everything that rules name. */
export interface StoredFacts {
  /** Label names of the series of a metric, `__name__` among them; empty when there is no such series. */
  readonly labelsOf: ReadonlyMap<string, ReadonlySet<string>>;
  readonly typeOf: ReadonlyMap<string, string>;
}

/** Answers what is stored: over the API of a monitor, or from a directory. */
export interface StoreSource {
  /** Names of the labels of all series that match; empty when none does. */
  labelNames(matchers: readonly Matcher[]): Promise<readonly string[]>;
  /** Types of metrics by name, as far as they are known. */
  types(): Promise<ReadonlyMap<string, string>>;
}

/** Asks for what the checks need. */
export async function gatherFacts(rules: readonly ParsedRule[], source: StoreSource): Promise<StoredFacts> {
  const names = new Set<string>();
  for (const { expr } of rules) {
    walkExpr(expr, (node) => {
      if (node.kind === 'vector' && nameOf(node) !== '') names.add(nameOf(node));
    });
  }
  const labelsOf = new Map<string, ReadonlySet<string>>();
  for (const name of names)
    labelsOf.set(name, new Set(await source.labelNames([{ name: METRIC_NAME, op: '=', value: name }])));
  return { labelsOf, typeOf: await source.types() };
}

/**
 * What rules ask for that is not there.
 * @param recorded metrics that rules record: they may come yet
 */
export function storedRemarks(
  { expr }: ParsedRule,
  facts: StoredFacts,
  recorded: ReadonlySet<string>,
): RuleRemark[] {
  const remarks: RuleRemark[] = [];
  const isMade = (name: string): boolean =>
    name === '' || recorded.has(name) || name === 'ALERTS' || name === 'ALERTS_FOR_STATE';
  walkExpr(expr, (node) => {
    if (node.kind === 'vector' && !isMade(nameOf(node)) && !isInAbsent(expr, node)) {
      const name = nameOf(node);
      if (facts.labelsOf.get(name)?.size === 0)
        remarks.push(['metric-unknown', `no series ${name} is stored`]);
    }
    if (node.kind === 'aggregate' && !node.without) {
      const known = labelsBelow(node.expr, facts, isMade);
      for (const label of known ? node.grouping : [])
        if (!known!.has(label))
          remarks.push(['label-unknown', `by (${label}): no series of the expression has the label`]);
    }
    if (node.kind === 'binary' && node.matching?.on) {
      for (const side of [node.left, node.right]) {
        const known = labelsBelow(side, facts, isMade);
        for (const label of known ? node.matching.labels : [])
          if (!known!.has(label))
            remarks.push(['label-unknown', `on (${label}): no series of ${describe(side)} has the label`]);
      }
    }
  });
  return remarks;
}

const nameOf = ({ matchers }: VectorSelector): string =>
  matchers.find(({ name, op }) => name === METRIC_NAME && op === '=')?.value ?? '';

/** What absent() watches for is meant not to be there at times. */
function isInAbsent(root: Expr, wanted: VectorSelector): boolean {
  let found = false;
  walkExpr(root, (node) => {
    if (node.kind !== 'call' || !node.name.startsWith('absent')) return;
    walkExpr(node, (inner) => {
      if (inner === wanted) found = true;
    });
  });
  return found;
}

/** All label names of the series below; undefined when that is not sure, or when there are none at all. */
function labelsBelow(
  expr: Expr,
  facts: StoredFacts,
  isMade: (name: string) => boolean,
): ReadonlySet<string> | undefined {
  const labels = new Set<string>();
  let isSure = true;
  walkExpr(expr, (node) => {
    if (node.kind === 'call' && ['label_replace', 'label_join', 'info', 'vector'].includes(node.name))
      isSure = false;
    if (node.kind === 'aggregate' && node.op === 'count_values') isSure = false;
    if (node.kind !== 'vector') return;
    const known = isMade(nameOf(node)) ? undefined : facts.labelsOf.get(nameOf(node));
    if (!known || known.size === 0) isSure = false;
    for (const label of known ?? []) labels.add(label);
  });
  return isSure ? labels : undefined;
}

function describe(side: Expr): string {
  const inner = unwrapParens(side);
  return inner.kind === 'vector' ? nameOf(inner) : 'one side';
}
