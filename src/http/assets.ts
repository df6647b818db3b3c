import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Hono } from 'hono';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
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

interface Asset {
  readonly type: string;
  readonly bytes: Buffer<ArrayBuffer>;
  readonly etag: string;
  /** Compressed when the page was built; absent in a checkout. */
  readonly brotli: Buffer<ArrayBuffer> | undefined;
}

/**
 * The built page. Files under `assets/` carry a hash in their name and are cached for ever; everything else revalidates. An address
 * without a file is one of the page's own and gets `index.html`.
 * @param webDir folder of the built page
 * @param prefix path under which people see the page
 */
export function assetRoutes(webDir: string, prefix: () => string = () => ''): Hono {
  const app = new Hono();
  const assets = new Map<string, Asset>();

  const load = (name: string): Asset | undefined => {
    const known = assets.get(name);
    if (known) return known;
    const type = TYPES[path.extname(name)];
    const file = path.join(webDir, name);
    if (type === undefined || !file.startsWith(webDir + path.sep) || !isFile(file)) return undefined;
    const isPage = type === TYPES['.html'];
    const bytes = isPage ? htmlUnder(prefix(), file) : Buffer.from(fs.readFileSync(file));
    const compressed = `${file}.br`;
    const asset = {
      type,
      bytes,
      etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 20)}"`,
      brotli:
        isFile(compressed) && !(isPage && prefix() !== '')
          ? Buffer.from(fs.readFileSync(compressed))
          : undefined,
    };
    // What carries no hash may be built anew under a running checkout.
    if (name.startsWith(HASHED)) assets.set(name, asset);
    return asset;
  };

  app.get('*', (c) => {
    const given = new URL(c.req.url).pathname.replace(/^\/+/, '');
    const name = given === 'login' ? 'login.html' : given;
    const asset = load(name) ?? (name.startsWith(HASHED) ? undefined : load('index.html'));
    if (!asset) {
      return name.startsWith(HASHED)
        ? c.text('not found', 404)
        : c.text('the page is not built: run `npm run build`; the API is served all the same', 404);
    }
    const immutable = name.startsWith(HASHED);
    const headers: Record<string, string> = {
      'content-type': asset.type,
      'cache-control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: asset.etag,
      vary: 'accept-encoding',
    };
    if (c.req.header('if-none-match') === asset.etag) return new Response(null, { status: 304, headers });
    if (asset.brotli && /\bbr\b/.test(c.req.header('accept-encoding') ?? '')) {
      return new Response(asset.brotli, { headers: { ...headers, 'content-encoding': 'br' } });
    }
    return new Response(asset.bytes, { headers });
  });
  return app;
}

/** The pages name their files from the root. */
function htmlUnder(prefix: string, file: string): Buffer<ArrayBuffer> {
  return Buffer.from(fs.readFileSync(file, 'utf8').replaceAll('="/', `="${prefix}/`));
}

function isFile(file: string): boolean {
  // The executable's own file system knows no throwIfNoEntry.
  return fs.existsSync(file) && fs.statSync(file).isFile();
}
