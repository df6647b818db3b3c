import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { Hono } from 'hono';
import type { Backups } from '../backup/backups.ts';

/** Backups, ours under `/api`: those there are, a new one, and the files of one. For those who may administer: it is all the data. */
export function backupRoutes({ backups }: { readonly backups: Backups }): Hono {
  const app = new Hono();
  app.get('/backups', (c) => c.json({ ...backups.status(), backups: backups.list() }));
  app.post('/backups', async (c) => {
    try {
      return c.json(await backups.run(), 201);
    } catch (error) {
      return c.json({ error: `backup failed: ${(error as Error).message}` }, 500);
    }
  });
  app.get('/backups/:backup/:file', (c) => {
    const { backup, file } = c.req.param();
    const path = backups.fileOf(backup, file);
    if (path === undefined) return c.json({ error: `there is no file ${file} of a backup ${backup}` }, 404);
    const body = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
    return c.body(body, 200, {
      'content-type': 'application/octet-stream',
      'content-length': String(statSync(path).size),
    });
  });
  return app;
}
