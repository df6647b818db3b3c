import type { Scope } from '../access/scope.ts';

/** Who may call a route: nobody needs a login for `public`, else one of the scopes. */
export type Need = 'public' | readonly Scope[];

export interface AccessRule {
  readonly need: Need;
  /** Whether a call changes something a person will ask about; then the audit log says who did it. */
  readonly isAudited: boolean;
}

const read = { need: ['read'], isAudited: false } as const;
const respond = { need: ['respond'], isAudited: true } as const;
const admin = { need: ['admin'], isAudited: true } as const;
/** Data from other programs: too many calls for the audit log, and the data says where it came from. */
const ingest = { need: ['ingest'], isAudited: false } as const;
const open = { need: 'public', isAudited: false } as const;

/**
 * Every route, as the router spells it, with its rule. The table test in access-rules.test.ts compares it with the router: a route
 * without a line here fails it, and is refused to everyone but admins until it has one.
 */
export const ACCESS_RULES: Readonly<Record<string, AccessRule>> = {
  'GET /-/healthy': open,
  'GET /-/ready': open,
  'POST /-/reload': admin,
  'PUT /-/reload': admin,
  'GET /metrics': read,
  'GET /federate': read,
  // Prometheus' API.
  'GET /api/v1/query': read,
  'POST /api/v1/query': read,
  'GET /api/v1/query_range': read,
  'POST /api/v1/query_range': read,
  'GET /api/v1/query_exemplars': read,
  'POST /api/v1/query_exemplars': read,
  'GET /api/v1/format_query': read,
  'POST /api/v1/format_query': read,
  'GET /api/v1/parse_query': read,
  'POST /api/v1/parse_query': read,
  'GET /api/v1/series': read,
  'POST /api/v1/series': read,
  'GET /api/v1/labels': read,
  'POST /api/v1/labels': read,
  'GET /api/v1/label/:name/values': read,
  'GET /api/v1/search/metric_names': read,
  'POST /api/v1/search/metric_names': read,
  'GET /api/v1/search/label_names': read,
  'POST /api/v1/search/label_names': read,
  'GET /api/v1/search/label_values': read,
  'POST /api/v1/search/label_values': read,
  'GET /api/v1/metadata': read,
  'GET /api/v1/targets': read,
  'GET /api/v1/targets/metadata': read,
  'GET /api/v1/targets/relabel_steps': read,
  'GET /api/v1/scrape_pools': read,
  'GET /api/v1/scrape_pools/config': read,
  'GET /api/v1/rules': read,
  'GET /api/v1/alerts': read,
  'GET /api/v1/alertmanagers': read,
  'GET /api/v1/status/buildinfo': read,
  'GET /api/v1/status/config': read,
  'GET /api/v1/status/flags': read,
  'GET /api/v1/status/runtimeinfo': read,
  'GET /api/v1/status/self_metrics': read,
  'GET /api/v1/status/tsdb': read,
  'GET /api/v1/status/tsdb/blocks': read,
  'GET /api/v1/status/walreplay': read,
  'GET /api/v1/features': read,
  'GET /api/v1/notifications': read,
  'GET /api/v1/notifications/live': read,
  'GET /api/v1/openapi.yaml': read,
  'POST /api/v1/read': read,
  'POST /api/v1/write': ingest,
  'POST /api/v1/admin/flush': admin,
  'POST /api/v1/admin/tsdb/clean_tombstones': admin,
  'PUT /api/v1/admin/tsdb/clean_tombstones': admin,
  'POST /api/v1/admin/tsdb/delete_series': admin,
  'PUT /api/v1/admin/tsdb/delete_series': admin,
  'GET /api/v1/admin/tsdb/delete_series/preview': { need: ['admin'], isAudited: false },
  'POST /api/v1/admin/tsdb/delete_series/preview': { need: ['admin'], isAudited: false },
  'POST /api/v1/admin/tsdb/snapshot': admin,
  'PUT /api/v1/admin/tsdb/snapshot': admin,
  // Alertmanager's API.
  'GET /api/v2/status': read,
  'GET /api/v2/receivers': read,
  'GET /api/v2/alerts': read,
  'GET /api/v2/alerts/groups': read,
  'GET /api/v2/silences': read,
  'GET /api/v2/silence/:silenceID': read,
  // People by hand, and the monitors that forward to this one.
  'POST /api/v2/alerts': { need: ['ingest', 'respond'], isAudited: false },
  'POST /api/v2/silences': respond,
  'DELETE /api/v2/silence/:silenceID': respond,
  // Ours.
  'GET /api/status': read,
  'GET /api/discovery': read,
  // Names users and addresses.
  'GET /api/log': { need: ['respond'], isAudited: false },
  'GET /api/targets/page': read,
  // Backups hold everything, hashes of passwords and tokens too.
  'GET /api/backups': { need: ['admin'], isAudited: false },
  'GET /api/backups/:backup/:file': admin,
  'POST /api/backups': admin,
  'POST /api/import/openmetrics': { need: ['ingest'], isAudited: true },
  'POST /api/batch': read,
  'GET /api/queries': read,
  'DELETE /api/queries/:id': respond,
  'GET /api/alerts/:fingerprint/trace': read,
  'GET /api/alerts/history': read,
  'GET /api/alerts/others': read,
  'GET /api/notifications': read,
  'GET /api/notifications/outbox': read,
  'POST /api/notifications/outbox/resend': respond,
  'GET /api/receivers': read,
  'POST /api/receivers/:name/test': respond,
  'POST /api/templates/preview': { need: ['respond'], isAudited: false },
  'POST /api/rehearse': read,
  // People on call, and scripts that deploy.
  'GET /api/annotations': read,
  'POST /api/annotations': { need: ['respond', 'ingest'], isAudited: true },
  'DELETE /api/annotations/:id': respond,
  'GET /api/services': read,
  'GET /api/incidents': read,
  'GET /api/incidents/:id': read,
  'GET /api/incidents/:id/report': read,
  'POST /api/incidents': respond,
  'PATCH /api/incidents/:id': respond,
  'DELETE /api/incidents/:id': respond,
  'POST /api/incidents/:id/updates': respond,
  'GET /api/dashboards': read,
  'GET /api/dashboards/:uid': read,
  'GET /api/dashboards/:uid/json': read,
  'POST /api/dashboards': admin,
  'DELETE /api/dashboards/:uid': admin,
  // The page. What login needs holds nothing secret; the rest is only of use to who is logged in.
  'GET /login': open,
  // For everybody, where one is configured.
  'GET /status-page': open,
  'GET /status-page.json': open,
  'GET /assets/*': open,
  'GET /favicon.svg': open,
  'GET /start.js': open,
  'GET *': read,
  // Logins, tokens and the log of changes.
  'POST /api/login': open,
  'POST /api/logout': { need: ['read'], isAudited: true },
  'GET /api/me': read,
  'GET /api/sessions': read,
  'DELETE /api/sessions/:id': { need: ['read'], isAudited: true },
  'GET /api/tokens': { need: ['admin'], isAudited: false },
  'POST /api/tokens': admin,
  'DELETE /api/tokens/:id': admin,
  'GET /api/audit': { need: ['admin'], isAudited: false },
};

const FALLBACK = admin;
/** Where `GET *`, the page's own addresses, has no say. */
const OWN_PATHS = /^\/(api|-)\//;

/** Finds the rule of a request. */
export function accessRules() {
  const exact = new Map<string, AccessRule>();
  const patterns: { method: string; parts: readonly string[]; rule: AccessRule }[] = [];
  for (const [route, rule] of Object.entries(ACCESS_RULES)) {
    const [method = '', path = ''] = route.split(' ');
    if (/[:*]/.test(path)) patterns.push({ method, parts: path.split('/'), rule });
    else exact.set(route, rule);
  }
  return (requestMethod: string, pathname: string): AccessRule => {
    const method = requestMethod === 'HEAD' || requestMethod === 'OPTIONS' ? 'GET' : requestMethod;
    const known = exact.get(`${method} ${pathname}`);
    if (known) return known;
    const given = pathname.split('/');
    const pattern = patterns.find((one) => one.method === method && matches(one.parts, given));
    if (!pattern || (pattern.parts[0] === '*' && OWN_PATHS.test(pathname))) return FALLBACK;
    return pattern.rule;
  };
}

/** `*` alone is any path, at the end any rest; `:name` is one part that is not empty. */
function matches(wanted: readonly string[], given: readonly string[]): boolean {
  if (wanted.length === 1 && wanted[0] === '*') return true;
  const hasRest = wanted.at(-1) === '*';
  const fixed = hasRest ? wanted.slice(0, -1) : wanted;
  if (hasRest ? given.length <= fixed.length : given.length !== fixed.length) return false;
  return fixed.every((part, i) => (part.startsWith(':') ? given[i] !== '' : part === given[i]));
}
