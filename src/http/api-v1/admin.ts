import { Hono } from 'hono';
import { ApiError } from '../envelope.ts';

/** `/admin/tsdb/*` of /api/v1: what upstream's store can do and ours does another way. */
export function adminRoutes(): Hono {
  const app = new Hono();
  const refuse = (path: string, text: string): void => {
    app.on(['POST', 'PUT'], path, () => {
      throw new ApiError('unavailable', text);
    });
  };
  refuse(
    '/admin/tsdb/snapshot',
    'snapshots are not supported by this version; copy the data directory of a stopped server, after POST /api/v1/admin/flush',
  );
  refuse('/admin/tsdb/delete_series', 'deleting series is not supported by this version');
  refuse(
    '/admin/tsdb/clean_tombstones',
    'there are no tombstones: deleting series is not supported by this version',
  );
  return app;
}
