/** A condition that a reader puts on all queries of a dashboard: an ad hoc filter. */
export interface Filter {
  readonly label: string;
  readonly operator: FilterOperator;
  readonly value: string;
}

export const FILTER_OPERATORS = ['=', '!=', '=~', '!~'] as const;
export type FilterOperator = (typeof FILTER_OPERATORS)[number];

/** `label|operator|value`, as Grafana keeps filters in addresses; undefined for what is none. */
export function parseFilter(text: string): Filter | undefined {
  const [label = '', operator = '', value, ...rest] = text.split('|').map(read);
  const known = FILTER_OPERATORS.find((one) => one === operator);
  if (label === '' || known === undefined || value === undefined || rest.length > 0) return undefined;
  return { label, operator: known, value };
}

export function filterText({ label, operator, value }: Filter): string {
  return [label, operator, value].map(written).join('|');
}

const written = (part: string): string => part.replaceAll('|', '__gfp__');
const read = (part: string): string => part.replaceAll('__gfp__', '|');

/**
 * The expression with a matcher for each filter in every selector. The grammar comes when it is first needed. What cannot be parsed is
 * left to the server, whose words say more.
 */
export async function withFilters(expr: string, filters: readonly Filter[]): Promise<string> {
  if (filters.length === 0) return expr;
  const { parser } = await import('@prometheus-io/lezer-promql');
  const added = filters
    .map(({ label, operator, value }) => `${labelText(label)}${operator}${JSON.stringify(value)}`)
    .join(',');
  const inserts: { at: number; text: string }[] = [];
  parser.parse(expr).iterate({
    enter({ name, node }) {
      if (name !== 'VectorSelector') return;
      const matchers = node.getChild('LabelMatchers');
      if (!matchers) {
        inserts.push({ at: node.to, text: `{${added}}` });
        return;
      }
      const inside = expr.slice(matchers.from + 1, matchers.to - 1).trim();
      inserts.push({
        at: matchers.to - 1,
        text: inside === '' || inside.endsWith(',') ? added : `,${added}`,
      });
    },
  });
  return inserts.reduceRight((text, { at, text: put }) => text.slice(0, at) + put + text.slice(at), expr);
}

const labelText = (label: string): string => (/^[a-zA-Z_]\w*$/.test(label) ? label : JSON.stringify(label));
