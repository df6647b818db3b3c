import { defineConfig } from 'vite';

/**
 * The page. Scripts find each other relative to themselves; only index.html, which is served for every path, names its files from
 * the root: behind a path prefix, `="/` in it is all that a server has to rewrite. Nothing is inlined, so that a content security
 * policy without 'unsafe-inline' and `data:` holds.
 */
export default defineConfig({
  root: 'web',
  base: './',
  experimental: {
    renderBuiltUrl: (filename, { hostType }) => (hostType === 'html' ? `/${filename}` : { relative: true }),
  },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The login page stands alone: it is served to everybody.
    rolldownOptions: { input: ['web/index.html', 'web/login.html'] },
  },
});
