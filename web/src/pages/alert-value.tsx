import type { AlertRow } from '../data/alerts.ts';
import { unitOfExpr } from '../data/unit-of.ts';
import { Value } from '../parts/value.tsx';

/** An alert's value in the unit its rule's expression tells. */
export function AlertValue({ row, expr = row.expr }: { readonly row: AlertRow; readonly expr?: string }) {
  if (row.value === undefined) return <span class="value" />;
  return <Value value={row.value} unit={(expr && unitOfExpr(expr)) || 'short'} />;
}
