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
  const parts = document.querySelectorAll('link[data-pages]');
  for (const link of parts)
    if (link.dataset.pages.split(' ').includes(page || 'home')) link.rel = 'modulepreload';
  if (parts.length > 0) {
    const first = {
      '': ['api/v1/targets?state=active', 'api/v1/alerts', 'api/status'],
      d: [`api/dashboards/${name}`, 'api/status'],
      alerts: name === '' ? ['api/v1/rules', 'api/v1/alerts'] : [],
      targets: ['api/v1/targets'],
    };
    window.asked = new Map();
    for (const wanted of first[page] ?? []) {
      const address = new URL(wanted, base).href;
      const answer = fetch(address, { redirect: 'error', credentials: 'same-origin', cache: 'no-store' });
      answer.catch(() => {});
      window.asked.set(address, answer);
    }
  }
}
