import './style.css';

/** The frame in index.html is painted before the scripts' own work begins; a page that nobody sees paints nothing. */
const isPainted = (): Promise<void> =>
  new Promise((resolve) => {
    if (document.visibilityState === 'hidden') return resolve();
    requestAnimationFrame(() => setTimeout(resolve));
  });

await isPainted();
await import('./page.tsx');
