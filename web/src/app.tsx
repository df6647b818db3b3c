import type { ComponentType } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { KeyHelp, useKeys } from './frame/keys.tsx';
import { SearchPalette } from './frame/palette.tsx';
import { usePrinting } from './frame/print.ts';
import { Strip } from './frame/strip.tsx';
import { BottomBar, TopBar } from './frame/top-bar.tsx';
import { WallBar } from './frame/wall.tsx';
import { lazyPart } from './lazy-part.ts';
import type { Router } from './nav/router.ts';
import { Empty, ErrorNote, Skeleton } from './parts/view-state.tsx';
import { useSession } from './session.ts';

/** Pages come when they are first opened; that of the address the browser has begun to load by then, see vite.config.ts. */
const ROUTES: readonly (readonly [path: RegExp, title: string, load: () => Promise<ComponentType>])[] = [
  [/^\/$/, 'Home', async () => (await import('./pages/home.tsx')).Home],
  [/^\/alerts$/, 'Alerts', async () => (await import('./pages/alerts.tsx')).Alerts],
  [/^\/alerts\/[^/]+$/, 'Alert', async () => (await import('./pages/alert.tsx')).AlertPage],
  [/^\/incidents\/[^/]+$/, 'Incident', async () => (await import('./pages/incident.tsx')).IncidentPage],
  [/^\/targets$/, 'Targets', async () => (await import('./pages/targets.tsx')).Targets],
  [/^\/graph$/, 'Explore', async () => (await import('./pages/explore.tsx')).Explore],
  [/^\/dashboards$/, 'Dashboards', async () => (await import('./pages/dashboards.tsx')).Dashboards],
  [/^\/d\/[^/]+(\/[^/]*)?$/, 'Dashboard', async () => (await import('./pages/dashboard.tsx')).DashboardPage],
  [/^\/access$/, 'Access', async () => (await import('./pages/access.tsx')).Access],
  [/^\/status$/, 'Status', async () => (await import('./pages/status.tsx')).Status],
];

export function App() {
  const { router } = useSession();
  const [over, setOver] = useState<'search' | 'keys'>();
  useKeys({ search: () => setOver('search'), help: () => setOver('keys') });
  usePrinting();
  const isKiosk = router.query.value.has('kiosk');
  return (
    <>
      <button type="button" class="skip-link" onClick={() => document.getElementById('content')?.focus()}>
        Skip to the content
      </button>
      {isKiosk ? <WallBar /> : <TopBar onSearch={() => setOver('search')} />}
      <Strip />
      <main id="content" class="content" tabIndex={-1}>
        <Page path={router.path.value} />
      </main>
      {!isKiosk && <BottomBar />}
      {over === 'search' && <SearchPalette onClose={() => setOver(undefined)} />}
      {over === 'keys' && <KeyHelp onClose={() => setOver(undefined)} />}
    </>
  );
}

async function followBookmark(router: Router): Promise<void> {
  const { fromBookmark } = await import('./nav/bookmarks.ts');
  const to = fromBookmark(router.path.value, router.query.value);
  if (to !== undefined) router.go(to, { replace: true });
}

function Page({ path }: { readonly path: string }) {
  const { clock, router, firing: count } = useSession();
  const route = ROUTES.find(([pattern]) => pattern.test(path));
  const [shown, setShown] = useState<{ route: typeof route; Content: ComponentType }>();
  const [problem, setProblem] = useState<Error>();
  const firing = count.value;

  useLayoutEffect(() => {
    if (!route) return void followBookmark(router);
    let isGone = false;
    setProblem(undefined);
    lazyPart(route[2], clock.now()).then(
      (Content) => !isGone && setShown({ route, Content }),
      (error: Error) => !isGone && setProblem(error),
    );
    return () => {
      isGone = true;
    };
  }, [route, path]);
  useEffect(() => {
    if (route?.[1] !== 'Dashboard')
      document.title = `${firing > 0 ? `(${firing}) ` : ''}${route?.[1] ?? 'Not found'} · Belfry`;
  }, [route, firing]);

  if (!route) {
    return (
      <Empty title="There is no page at this address.">
        The pages are listed in the bar; a link from elsewhere may be misspelt.
      </Empty>
    );
  }
  if (problem)
    return (
      <ErrorNote what="This page could not be loaded." error={problem} retry={() => location.reload()} />
    );
  if (shown?.route !== route) return <Skeleton rows={6} />;
  const { Content } = shown;
  return <Content key={path} />;
}
