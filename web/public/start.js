// Runs before the first paint. A file of its own: the page's policy allows no inline script.
{
  const root = document.documentElement;
  // A chosen theme never flashes.
  try {
    const theme = localStorage.getItem('belfry.theme');
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    if (localStorage.getItem('belfry.palette') === 'safe') root.dataset.palette = 'safe';
  } catch {
    // Storage is switched off: the system's theme it is.
  }
  if (new URLSearchParams(location.search).has('kiosk')) root.dataset.kiosk = '';

  // What the page at this address is made of, and what it shows first, is asked for while its scripts are on their way.
  const base = new URL('.', document.currentScript.src);
  const [page, name = ''] = location.pathname.slice(base.pathname.length).split('/');
  const shown = page === 'alerts' && name !== '' ? 'alert' : page || 'home';
  for (const link of document.querySelectorAll('link[data-pages]'))
    if (link.dataset.pages.split(' ').includes(shown)) link.rel = 'modulepreload';
  const app = document.querySelector('link[data-app]');
  if (app) {
    const first = new Map([
      ['home', ['api/v1/targets?state=active', 'api/v1/alerts', 'api/status']],
      ['d', [`api/dashboards/${name}`, 'api/status']],
      ['alerts', ['api/v1/rules', 'api/v1/alerts']],
      ['targets', ['api/v1/targets']],
    ]);
    window.asked = new Map();
    for (const wanted of first.get(shown) ?? []) {
      const address = new URL(wanted, base).href;
      const answer = fetch(address, { redirect: 'error', credentials: 'same-origin', cache: 'no-store' });
      answer.catch(() => {});
      window.asked.set(address, answer);
    }
    // The scripts' own work begins once the frame in index.html is on the screen: both would want the same cores. Of a page that nobody
    // sees, or of the frame on a wall, nothing is painted.
    const enter = () => void import(app.href);
    addEventListener('DOMContentLoaded', () => {
      if (document.visibilityState === 'hidden' || root.dataset.kiosk !== undefined) return enter();
      new PerformanceObserver(enter).observe({ type: 'paint', buffered: true });
      setTimeout(enter, 1000);
    });
  }
}
