import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { hasBrowser, type PageBrowser, startPageBrowser } from './page-browser.ts';

/** What is on the screen before the scripts' own work begins. */
let browser: PageBrowser;

beforeAll(async () => {
  if (hasBrowser) browser = await startPageBrowser();
});
afterAll(async () => browser?.close());
afterEach(async () => browser?.closePage());

/** When the browser had something on the screen, ms after navigation began. */
const PAINTED = `new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const [first] = list.getEntriesByName('first-contentful-paint');
    if (first) resolve(first.startTime);
  }).observe({ type: 'paint', buffered: true });
})`;

test.skipIf(!hasBrowser)('the frame is on the screen, with its style, while no script has come', async () => {
  const page = await browser.open('/targets');
  await page.route('**/assets/*.js', () => {});
  await page.reload({ waitUntil: 'commit' });
  expect(await page.evaluate<number>(PAINTED)).toBeGreaterThan(0);
  expect(await page.locator('nav.pages a').allInnerTexts()).toEqual([
    'Home',
    'Alerts',
    'Dashboards',
    'Explore',
    'Targets',
    'Status',
  ]);
  expect(await page.locator('.top-bar').evaluate((bar) => getComputedStyle(bar).display)).toBe('flex');
  expect(await page.locator('#content').count()).toBe(0);
});

/** The browser tells of no paint until `tellPainted` is called. */
const UNTOLD = `window.PerformanceObserver = class {
  constructor(told) { window.tellPainted = told; }
  observe() {}
  disconnect() {}
};`;

test.skipIf(!hasBrowser)("the scripts' own work begins when the frame is painted, not before", async () => {
  const page = await browser.open('/targets');
  // What the page asks before it is loaded anew does not count.
  await page.locator('.target-table').first().waitFor();
  await page.addInitScript(UNTOLD);
  await page.addInitScript(`
    const later = window.setTimeout;
    window.setTimeout = (work, ms, ...given) => (ms >= 1000 ? 0 : later(work, ms, ...given));`);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.reload({ waitUntil: 'networkidle' });
  expect(asked.some((file) => file.startsWith('/assets/frame-'))).toBe(true);
  expect(asked).not.toContain('/api/me');
  expect(await page.locator('#content').count()).toBe(0);
  await page.evaluate('window.tellPainted()');
  await page.locator('#content').waitFor();
});

test.skipIf(!hasBrowser)('a browser that tells of no paint gets the page all the same', async () => {
  const page = await browser.open('/targets');
  await page.addInitScript(UNTOLD);
  await page.reload();
  await page.locator('#content').waitFor();
});

test.skipIf(!hasBrowser)('what the first paint needs is asked for first, and no file twice', async () => {
  const page = await browser.open('/targets');
  const files: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (/\.(css|js)$/.test(pathname)) files.push(pathname.replace(/-[\w-]{8}\./, '.'));
  });
  await page.reload();
  await page.locator('#content').waitFor();
  expect(files[0]).toBe('/assets/frame.css');
  expect(files.toSorted()).toEqual([
    '/assets/base.js',
    '/assets/frame.css',
    '/assets/frame.js',
    '/assets/targets.js',
    '/start.js',
  ]);
});
