import { render } from 'preact';
import { App } from './app.tsx';
import { browserClock } from './clock.ts';
import { createSession, SessionContext } from './session.ts';
import './style.css';

const root = document.getElementById('app');
if (!root) throw new Error('index.html has no element with the id "app"');
// The scripts are in `assets/`, one below the page's root, which may itself be behind a prefix.
const base = import.meta.env.DEV
  ? new URL('/', location.href)
  : new URL(/* @vite-ignore */ '../', import.meta.url);
const session = createSession(window, base, browserClock);
// What of the frame in index.html is not drawn on a wall would stay: only an element that is drawn again is taken over.
if (document.documentElement.dataset.kiosk !== undefined) root.replaceChildren();
render(
  <SessionContext.Provider value={session}>
    <App />
  </SessionContext.Provider>,
  root,
);
// Of the frame in index.html only.
delete document.documentElement.dataset.kiosk;
