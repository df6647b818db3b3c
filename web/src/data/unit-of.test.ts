import { expect, test } from 'vitest';
import { unitOfExpr } from './unit-of.ts';

test.each([
  ['up == 0', undefined],
  ['node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.1', 'percentunit'],
  ['node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes * 100 < 15', 'percent'],
  ['(1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes) * 100 > 85', 'percent'],
  ['100 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100 > 80', 'percent'],
  [
    '(sum by (job) (rate(http_requests_total{status=~"5.."}[5m])) / sum by (job) (rate(http_requests_total[5m]))) > 0.05',
    'percentunit',
  ],
  ['histogram_quantile(0.95, sum by (job, le) (rate(http_request_duration_seconds_bucket[5m]))) > 2', 's'],
  ['time() - last_backup_timestamp_seconds > 86400', 's'],
  ['process_resident_memory_bytes > 1e9', 'bytes'],
  ['rate(node_network_receive_bytes_total[5m]) > 1e8', 'Bps'],
  ['rate(websocket_connections_active[5m]) > 100', undefined],
  [
    'rate(http_request_duration_seconds_sum[5m]) / rate(http_request_duration_seconds_count[5m]) > 1',
    undefined,
  ],
  ['count(up == 0) > 3', undefined],
  ['pg_replication_lag_seconds > 30', 's'],
])('unitOfExpr(%j) is %j', (expr, unit) => {
  expect(unitOfExpr(expr)).toBe(unit);
});
