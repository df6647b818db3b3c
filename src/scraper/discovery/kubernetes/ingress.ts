import { type Attach, type Found, type Look, metaLabels, namespaceLabels, PREFIX } from './meta.ts';
import type { Ingress } from './objects.ts';

/** A target for each host and path of an ingress. */
export function ingressTargets(ingress: Ingress, look: Look, attach: Attach): Found {
  const { namespace } = ingress.meta;
  const targets = ingress.rules.flatMap(({ host, paths }) => {
    const isTls = ingress.tlsHosts.some((pattern) => matchesHost(pattern, host));
    return (paths ?? ['/']).map((path) => ({
      __address__: host,
      [`${PREFIX}ingress_scheme`]: isTls ? 'https' : 'http',
      [`${PREFIX}ingress_host`]: host,
      [`${PREFIX}ingress_path`]: path || '/',
    }));
  });
  const labels = {
    [`${PREFIX}namespace`]: namespace,
    [`${PREFIX}ingress_class_name`]: ingress.className,
    ...metaLabels(ingress.meta, 'ingress'),
    ...namespaceLabels(namespace, look, attach),
  };
  return { targets, labels };
}

/** Whether a host is the pattern, or the pattern with a first part in the place of `*`. */
function matchesHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  const dot = host.indexOf('.');
  return pattern.startsWith('*.') && dot >= 0 && pattern.slice(1) === host.slice(dot);
}
