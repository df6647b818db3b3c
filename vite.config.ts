import { defineConfig, type Plugin } from 'vite';

/** What pages need beside the frame, by the first part of their path; `home` is the root. */
const PARTS: readonly (readonly [module: string, pages: string])[] = [
  ['pages/home.tsx', 'home'],
  ['pages/alerts.tsx', 'alerts'],
  ['pages/alert.tsx', 'alerts'],
  ['pages/incident.tsx', 'incidents'],
  ['pages/targets.tsx', 'targets'],
  ['pages/explore.tsx', 'graph'],
  ['pages/dashboards.tsx', 'dashboards'],
  ['pages/dashboard.tsx', 'd'],
  ['pages/status.tsx', 'status'],
  ['pages/access.tsx', 'access'],
  ['chart/plot.ts', 'home alerts graph d'],
];

/**
 * Names in index.html, for public/start.js, the files of the pages that the browser would find only when the scripts run: each page's
 * own and what those import.
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
      const page = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith('/web/src/page.tsx')));
      if (!page) throw new Error('no file holds page.tsx');
      const always = [page.fileName, ...page.imports].filter((fileName) => !html.includes(`/${fileName}"`));
      const links = [
        ...always.map((fileName) => `<link rel="modulepreload" crossorigin href="/${fileName}">\n    `),
        ...[...pagesOf]
          .filter(([fileName]) => !always.includes(fileName))
          .map(
            ([fileName, pages]) =>
              `<link data-pages="${[...pages].join(' ')}" crossorigin href="/${fileName}">\n    `,
          ),
      ];
      // Before the script that reads them.
      return html.replace('<script src="/start.js">', (script) => links.join('') + script);
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
              test: /node_modules\/(preact|@preact)\/|\/web\/src\/parts\/icons|rolldown.runtime|vite.preload-helper/,
            },
            {
              name: 'frame',
              test: /\/web\/src\/(data|format|frame|nav|parts)\/|\/web\/src\/(chart\/(chart|legend|palette|event-marks)|pages\/alert-(list|value))/,
            },
            { name: 'charts', test: /\/web\/src\/chart\/(heat-map|scale|time-)/ },
          ],
        },
      },
    },
  },
});
