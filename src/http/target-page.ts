import { Hono } from 'hono';
import type { ScrapeManager } from '../scraper/manager.ts';

/** Pages that are asked for at once by people; each may be as large as a scrape allows. */
const AT_ONCE = 4;

/** `GET /targets/page?scrapePool=…&scrapeUrl=…`, to be mounted at `/api`: what a target says right now, as it says it. */
export function targetPageRoutes({ look }: Pick<ScrapeManager, 'look'>): Hono {
  const app = new Hono();
  let underWay = 0;
  app.get('/targets/page', async (c) => {
    const { scrapePool, scrapeUrl } = c.req.query();
    if (!scrapePool || !scrapeUrl)
      return c.json({ error: `expected a ${scrapePool ? 'scrapeUrl' : 'scrapePool'}, got none` }, 400);
    if (underWay >= AT_ONCE)
      return c.json({ error: `${AT_ONCE} pages are being asked for already; try again` }, 429);
    underWay++;
    try {
      const page = await look(scrapePool, scrapeUrl);
      return page
        ? c.json(page)
        : c.json({ error: `there is no target ${scrapeUrl} in ${JSON.stringify(scrapePool)}` }, 404);
    } catch (error) {
      return c.json({ error: (error as Error).message }, 502);
    } finally {
      underWay--;
    }
  });
  return app;
}
