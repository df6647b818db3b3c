const KEY = 'belfry.reloaded';
const AT_MOST_EVERY_MS = 60_000;

/**
 * Loads a part of the page that is a file of its own. A server that was updated while the page stood open no longer has the old
 * file: then the page is loaded anew, once, so that a screen on a wall comes back by itself.
 * @param now Unix ms
 */
export async function lazyPart<T>(load: () => Promise<T>, now: number): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const last = Number(sessionStorage.getItem(KEY) ?? 0);
    if (navigator.onLine && now - last > AT_MOST_EVERY_MS) {
      sessionStorage.setItem(KEY, String(now));
      location.reload();
    }
    throw error;
  }
}
