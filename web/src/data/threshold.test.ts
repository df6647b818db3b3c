import { expect, test } from 'vitest';
import { splitComparison } from './threshold.ts';

test.each([
  ['up == 0', 'up', '==', 0],
  ['rate(a{b="x > 3"}[5m]) > 0.5', 'rate(a{b="x > 3"}[5m])', '>', 0.5],
  ['(a / b) * 100 < 15', '(a / b) * 100', '<', 15],
  [
    '(\n  sum by (job) (rate(a[5m]))\n/\n  sum(b)\n) > 0.05 # five percent',
    '(\n  sum by (job) (rate(a[5m]))\n/\n  sum(b)\n)',
    '>',
    0.05,
  ],
  ['100 > a', 'a', '<', 100],
  ['a > bool 2 * 60', 'a', '>', 120],
  ['(a > 1e9)', 'a', '>', 1e9],
  ['a > 5 and on(job) b == 1', 'a', '>', 5],
  ['time() - last_backup > 86400', 'time() - last_backup', '>', 86_400],
  ['a{mode!="idle"} >= -2', 'a{mode!="idle"}', '>=', -2],
])('splitComparison(%j) measures %j', (expr, measured, op, value) => {
  expect(splitComparison(expr)).toEqual({ measured, op, limit: { kind: 'number', value } });
});

test('a limit that is an expression itself loses what belongs to the operator', () => {
  expect(splitComparison('pg_lag > on() group_left db_limit')).toEqual({
    measured: 'pg_lag',
    op: '>',
    limit: { kind: 'expr', expr: 'db_limit' },
  });
});

test.each(['absent(up{job="x"})', 'vector(1)', 'a{b=~"x|y"}', 'increase(a[5m] offset 1h)', '(a) + (b)'])(
  '%j compares nothing',
  (expr) => {
    expect(splitComparison(expr)).toBeUndefined();
  },
);
