import type { LogEvent } from '../src/data/api.ts';
import type { Incident, IncidentDetail, Services } from '../src/data/incidents.ts';

const MINUTE = 60_000;
const iso = (ms: number): string => new Date(ms).toISOString();

export const SERVICES: Services = {
  statusPage: 'status-page',
  services: [
    { name: 'Shop', state: 'degraded' },
    { name: 'Mail to customers in all of the countries', state: 'up' },
    { name: 'Export', state: 'down' },
    { name: 'Search', state: 'unknown' },
  ],
};

/** One that goes on and one that is over, with long words. */
export const fakeIncidents = (now: number): readonly Incident[] => [
  {
    id: 2,
    title: 'Orders are confirmed late',
    services: ['Shop', 'Mail to customers in all of the countries'],
    matchers: 'service="shop"',
    isPublic: true,
    startedAt: iso(now - 50 * MINUTE),
    endedAt: null,
    status: 'identified',
    updates: [
      { id: 3, at: iso(now - 50 * MINUTE), status: 'investigating', text: '', author: 'maria' },
      {
        id: 4,
        at: iso(now - 20 * MINUTE),
        status: 'identified',
        text: 'The queue of mails is full: see https://wiki.example.com/operations/queues/of-mails/when-they-are-full-and-what-then.',
        author: 'jo',
      },
    ],
  },
  {
    id: 1,
    title: 'Export was down',
    services: ['Export'],
    matchers: '',
    isPublic: false,
    startedAt: iso(now - 3000 * MINUTE),
    endedAt: iso(now - 2900 * MINUTE),
    status: 'resolved',
    updates: [{ id: 1, at: iso(now - 2900 * MINUTE), status: 'resolved', text: 'Restarted.', author: '' }],
  },
];

export const fakeIncident = (incident: Incident, now: number): IncidentDetail => ({
  ...incident,
  alerts: [
    {
      labels: { alertname: 'HighErrorRate', job: 'backend', instance: 'web-1.example.com:8000' },
      fingerprint: 'HighErrorRate',
      firings: [
        { from: null, to: iso(now - 40 * MINUTE) },
        { from: iso(now - 30 * MINUTE), to: null },
      ],
    },
  ],
});

export const fakeLog = (now: number): readonly LogEvent[] => [
  {
    id: 3,
    at: now - 3000,
    level: 'error',
    text: 'component=notifiers msg="message not delivered" receiver=team-backend',
  },
  {
    id: 2,
    at: now - 4000,
    level: 'warn',
    text: `component=scraper msg="scrape failed" url=http://${'long-name.'.repeat(12)}example.com:9100/metrics`,
  },
  { id: 1, at: now - MINUTE, level: 'info', text: 'msg=ready url=http://127.0.0.1:9797/' },
];
