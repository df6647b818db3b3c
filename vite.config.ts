import { defineConfig, type Plugin } from 'vite';

/** What pages need beside the frame, by the first part of their path; `home` is the root, `alert` one of the alerts. */
const PARTS: readonly (readonly [module: string, pages: string])[] = [
  ['pages/home.tsx', 'home'],
  ['pages/alerts.tsx', 'alerts'],
  ['pages/alert.tsx', 'alert'],
  ['pages/incident.tsx', 'incidents'],
  ['pages/targets.tsx', 'targets'],
  ['pages/explore.tsx', 'graph'],
  ['pages/dashboards.tsx', 'dashboards'],
  ['pages/dashboard.tsx', 'd'],
  ['pages/status.tsx', 'status'],
  ['pages/access.tsx', 'access'],
  ['chart/plot.ts', 'home alerts alert graph d'],
];

/**
 * Puts into index.html, before public/start.js, the style and links to the scripts: those of every page, of which the one with
 * `data-app` is entered once the frame is painted, and those of each page, which the browser would find only when the scripts run.
 */
const parts: Plugin = {
  name: 'parts-of-pages',
  transformIndexHtml: {
    order: 'post',
    handler(html, { bundle }) {
      if (!bundle || !html.includes('id="app"')) return html;
      const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
      const pagesOf = new Map<string, Set<string>>();
      const add = (fileName: string, pages: string): void => {
        if (html.includes(`/${fileName}"`)) return;
        const known = pagesOf.get(fileName) ?? new Set<string>();
        pagesOf.set(fileName, known);
        for (const page of pages.split(' ')) known.add(page);
        for (const imported of chunks.find((chunk) => chunk.fileName === fileName)?.imports ?? [])
          add(imported, pages);
      };
      for (const [module, pages] of PARTS) {
        const chunk = chunks.find(({ moduleIds }) =>
          moduleIds.some((id) => id.endsWith(`/web/src/${module}`)),
        );
        if (!chunk) throw new Error(`no file holds ${module}`);
        add(chunk.fileName, pages);
      }
      const frame = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith('/web/src/page.tsx')));
      const [style] = html.match(/<link rel="stylesheet"[^>]*>/) ?? [];
      if (!frame || !style) throw new Error('the page has no file of its own, or no style');
      const link = (attributes: string, fileName: string): string =>
        `<link ${attributes} crossorigin href="/${fileName}">`;
      const links = [
        ...frame.imports.map((fileName) => link('rel="modulepreload"', fileName)),
        link('rel="modulepreload" data-app', frame.fileName),
        ...[...pagesOf]
          .filter(([fileName]) => fileName !== frame.fileName && !frame.imports.includes(fileName))
          .map(([fileName, pages]) => link(`data-pages="${[...pages].join(' ')}"`, fileName)),
      ].join('\n    ');
      // The first paint needs the style: it is asked for first.
      return html
        .replace(
          /\n\s*<(script type="module" crossorigin [^>]*><\/script|link rel="(modulepreload|stylesheet)" crossorigin [^>]*)>/g,
          '',
        )
        .replace('<script src="/start.js">', (script) => `${style}\n    ${links}\n    ${script}`);
    },
  },
};

/**
 * The page. Scripts find each other relative to themselves; only index.html, which is served for every path, names its files from
 * the root: behind a path prefix, `="/` in it is all that a server has to rewrite. Nothing is inlined, so that a content security
 * policy without 'unsafe-inline' and `data:` holds.
 */
export default defineConfig({
  root: 'web',
  base: './',
  plugins: [parts],
  experimental: {
    renderBuiltUrl: (filename, { hostType }) => (hostType === 'html' ? `/${filename}` : { relative: true }),
  },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The login page and the status page stand alone: they are served to everybody.
    rolldownOptions: {
      input: ['web/index.html', 'web/login.html', 'web/status-page.html'],
      // A file for each few functions that some pages share would be twenty requests.
      output: {
        codeSplitting: {
          groups: [
            {
              name: 'base',
              test: /node_modules\/(preact|@preact)\/|rolldown.runtime|vite.preload-helper|\/web\/src\/(parts\/icons|data\/next-place)/,
            },
            {
              name: 'frame',
              test: /\/web\/src\/((data|format|frame)\/|parts\/(?!author|silence-dialog)|nav\/(?!bookmarks)|(app|clock|lazy-part|page|session)\.tsx?$|chart\/(chart|event-marks|heat-map|legend|palette|scale|time-)|pages\/alert-(list|value))/,
            },
            // A dashboard does without.
            { name: 'silencing', test: /\/web\/src\/parts\/(author|silence-dialog)/ },
            {
              name: 'panels',
              test: /\/web\/src\/dashboard\/(annotations|buckets|colors|filters|frame|panel-data|reduce|schemes|settings|substitute|time-marks|transform)/,
            },
          ],
        },
      },
    },
  },
});
