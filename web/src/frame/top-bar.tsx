import { BellMark, Icon, type IconName } from '../parts/icons.tsx';
import { useSession } from '../session.ts';
import { Appearance } from './appearance.tsx';
import { TimeControl } from './time-control.tsx';

interface PageLink {
  readonly path: string;
  readonly name: string;
  readonly icon: IconName;
  /** Further paths that belong to this page. */
  readonly also?: RegExp;
}

const PAGES: readonly PageLink[] = [
  { path: '/', name: 'Home', icon: 'home' },
  { path: '/alerts', name: 'Alerts', icon: 'alerts', also: /^\/(alerts|incidents)\// },
  { path: '/dashboards', name: 'Dashboards', icon: 'dashboards', also: /^\/d\// },
  { path: '/graph', name: 'Explore', icon: 'explore' },
  { path: '/targets', name: 'Targets', icon: 'targets' },
  { path: '/status', name: 'Status', icon: 'status' },
];

/** The bar on top: bell, pages, time, refresh, theme. On phones the pages move to the bottom. */
export function TopBar({ onSearch }: { onSearch(): void }) {
  const { router, range, firing: count } = useSession();
  const firing = count.value;
  return (
    <header class="top-bar">
      <a
        class="brand"
        href={router.href(`/${range.carry.value}`)}
        aria-label={firing > 0 ? `Belfry: ${firing} firing` : 'Belfry'}
      >
        <BellMark isRinging={firing > 0} />
        <span class="brand-name">Belfry</span>
      </a>
      <PageLinks firing={firing} where="top" />
      <div class="top-bar-tools">
        <button type="button" class="icon-button" title="Search ( / )" aria-label="Search" onClick={onSearch}>
          <Icon name="search" />
        </button>
        <TimeControl />
        <Appearance />
        <UserMenu />
      </div>
    </header>
  );
}

/** The same pages at the bottom of a phone's screen; Status is reached from Home there. */
export function BottomBar() {
  const firing = useSession().firing.value;
  return (
    <footer class="bottom-bar">
      <PageLinks firing={firing} where="bottom" />
    </footer>
  );
}

function PageLinks({ firing, where }: { readonly firing: number; readonly where: 'top' | 'bottom' }) {
  const { router, range } = useSession();
  const path = router.path.value;
  const pages = where === 'bottom' ? PAGES.filter((page) => page.path !== '/status') : PAGES;
  return (
    <nav class="pages" aria-label="Pages">
      {pages.map(({ path: to, name, icon, also }) => (
        <a
          key={to}
          class="page-link"
          href={router.href(to + range.carry.value)}
          aria-current={path === to || also?.test(path) ? 'page' : undefined}
        >
          {where === 'bottom' && <Icon name={icon} />}
          <span data-text={name}>{name}</span>
          {to === '/alerts' && firing > 0 && (
            <span class="badge">
              {firing}
              <span class="sr-only"> firing</span>
            </span>
          )}
        </a>
      ))}
    </nav>
  );
}

/** Who is logged in, and the way out. */
function UserMenu() {
  const { router, api, me } = useSession();
  const caller = me.data.value;
  if (!caller) return null;
  const label = caller.name === '' ? 'Access' : `${caller.name}${caller.role ? `, ${caller.role}` : ''}`;
  const logOut = async (): Promise<void> => {
    await api.access.logOut().catch(() => {});
    location.assign(router.href('/login'));
  };
  return (
    <>
      <a class="icon-button" href={router.href('/access')} title={label} aria-label={label}>
        <Icon name="user" />
      </a>
      {caller.canLogOut && (
        <button
          type="button"
          class="icon-button"
          title="Log out"
          aria-label="Log out"
          onClick={() => void logOut()}
        >
          <Icon name="logOut" />
        </button>
      )}
    </>
  );
}
