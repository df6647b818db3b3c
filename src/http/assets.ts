import { createHash } from 'node:crypto';
import path from 'node:path';
import { Hono } from 'hono';
import type { ProgramFiles } from '../program-files.ts';

const HTML = 'text/html; charset=utf-8';
const TYPES: Readonly<Record<string, string>> = {
  '.html': HTML,
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
};

/** Folder of the files that carry a hash of their content in their name. */
const HASHED = 'assets/';

/**
 * The built page. Files under `assets/` carry a hash in their name and are cached for ever; everything else revalidates. An address
 * without a file is one of the page's own and gets `index.html`.
 * @param files of the built page
 * @param prefix path under which people see the page
 */
export function assetRoutes(files: ProgramFiles, prefix: () => string = () => ''): Hono {
  const app = new Hono();
  /** Of what carries a hash; everything else may be built anew under a running checkout. */
  const etags = new Map<string, string>();

  const read = (name: string): Buffer<ArrayBuffer> | undefined => {
    const type = TYPES[path.extname(name)];
    const bytes = type === undefined ? undefined : files.read(name);
    return bytes && type === HTML ? htmlUnder(prefix(), bytes) : bytes;
  };
  /** Compressed when the page was built; absent in a checkout. */
  const readPacked = (name: string): Buffer<ArrayBuffer> | undefined =>
    TYPES[path.extname(name)] === HTML && prefix() !== '' ? undefined : files.read(`${name}.br`);
  const etagOf = (name: string, bytes: Buffer): string => {
    const known = etags.get(name);
    if (known !== undefined) return known;
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 20)}"`;
    if (name.startsWith(HASHED)) etags.set(name, etag);
    return etag;
  };

  app.get('*', (c) => {
    const given = new URL(c.req.url).pathname.replace(/^\/+/, '');
    const isHashed = given.startsWith(HASHED);
    let name = given === 'login' ? 'login.html' : given;
    let bytes = read(name);
    if (!bytes && !isHashed) {
      name = 'index.html';
      bytes = read(name);
    }
    if (!bytes) {
      return isHashed
        ? c.text('not found', 404)
        : c.text('the page is not built: run `npm run build`; the API is served all the same', 404);
    }
    const etag = etagOf(name, bytes);
    const headers: Record<string, string> = {
      'content-type': TYPES[path.extname(name)]!,
      'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag,
      vary: 'accept-encoding',
    };
    if (c.req.header('if-none-match') === etag) return new Response(null, { status: 304, headers });
    const packed = /\bbr\b/.test(c.req.header('accept-encoding') ?? '') ? readPacked(name) : undefined;
    if (packed) return new Response(packed, { headers: { ...headers, 'content-encoding': 'br' } });
    return new Response(bytes, { headers });
  });
  return app;
}

/** The pages name their files from the root. */
const htmlUnder = (prefix: string, bytes: Buffer): Buffer<ArrayBuffer> =>
  Buffer.from(bytes.toString('utf8').replaceAll('="/', `="${prefix}/`));
