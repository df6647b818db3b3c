// Runs before the first paint, so that a chosen theme never flashes. A file of its own: the page's policy allows no inline script.
try {
  const theme = localStorage.getItem('belfry.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  if (localStorage.getItem('belfry.palette') === 'safe') document.documentElement.dataset.palette = 'safe';
} catch {
  // Storage is switched off: the system's theme it is.
}
