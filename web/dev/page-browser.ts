import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { buildWeb } from '../../scripts/build-web.ts';
import { fakeDashboards } from './dashboards.ts';
import { type FakeServer, startFakeServer } from './server.ts';

const CHROMIUM = '/usr/bin/chromium';
export const hasBrowser = existsSync(CHROMIUM);
if (!hasBrowser) console.warn(`${CHROMIUM} is not there: the page is NOT tested in a browser`);

/** The built page in a real browser, under the server's own content security policy, with made-up data behind it. */
export interface PageBrowser {
  readonly server: FakeServer;
  /** What the browser has complained about since the page was opened: script errors, blocked styles, requests to other hosts. */
  readonly complaints: string[];
  /** A page of its own; the one before is closed. */
  open(path: string, options?: Parameters<Browser['newContext']>[0]): Promise<Page>;
  closePage(): Promise<void>;
  close(): Promise<void>;
}

export async function startPageBrowser(): Promise<PageBrowser> {
  const webDir = mkdtempSync(join(tmpdir(), 'belfry-web-'));
  await buildWeb(webDir);
  const server = await startFakeServer({ webDir, scenario: 'busy', extra: await fakeDashboards() });
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--js-flags=--expose-gc',
    ],
  });
  const complaints: string[] = [];
  let context: BrowserContext | undefined;
  return {
    server,
    complaints,
    async open(path, options = {}) {
      server.api.scenario = 'busy';
      await context?.close();
      complaints.length = 0;
      context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
      context.setDefaultTimeout(120_000);
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('request', (request) => {
        if (!request.url().startsWith(server.url)) complaints.push(`request to ${request.url()}`);
      });
      await page.goto(server.url + path);
      return page;
    },
    async closePage() {
      await context?.close();
      context = undefined;
    },
    async close() {
      await browser.close();
      await server.close();
      rmSync(webDir, { recursive: true });
    },
  };
}

/** All that the page waits for is there, and nothing moves any more. */
export const isSettled = (page: Page): Promise<unknown> =>
  page.waitForFunction(
    () =>
      document.querySelector('main :is(table, ul, dl, canvas)') !== null &&
      document.querySelector('.skeleton') === null &&
      document.getAnimations().every(({ playState }) => playState !== 'running'),
  );

/** Something stands on the first canvas. */
export const isDrawn = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => {
    const canvas = document.querySelector('canvas');
    const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels?.some((value) => value !== 0) ?? false;
  });
