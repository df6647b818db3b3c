import * as z from 'zod';
import { checkHttpClient, completeHttpClient, defaultHttpClient, httpClientShape } from '../http-client.ts';
import { filePath, text } from '../leaves.ts';
import { fieldSelectorFault, labelSelectorFault } from './selectors.ts';

export const KUBERNETES_ROLES = ['pod', 'service', 'endpoints', 'endpointslice', 'node', 'ingress'] as const;
export type KubernetesRole = (typeof KUBERNETES_ROLES)[number];

/** Kinds of objects that each role reads and so can select among. */
const SELECTABLE: Readonly<Record<KubernetesRole, readonly KubernetesRole[]>> = {
  pod: ['pod', 'node'],
  service: ['service'],
  endpoints: ['pod', 'service', 'endpoints'],
  endpointslice: ['pod', 'service', 'endpointslice'],
  node: ['node'],
  ingress: ['ingress'],
};

const selector = z.lazy(() =>
  z.strictObject({
    role: z.enum(KUBERNETES_ROLES).describe('Kind of the objects.'),
    label: text()
      .superRefine(check(labelSelectorFault))
      .optional()
      .describe('Label selector, as `kubectl -l` takes it.'),
    field: text()
      .superRefine(check(fieldSelectorFault))
      .optional()
      .describe('Field selector, as `kubectl --field-selector` takes it.'),
  }),
);

export const kubernetesSdConfig = z.lazy(() =>
  z
    .strictObject({
      role: z
        .enum(KUBERNETES_ROLES)
        .describe(
          'What the targets are: pods, services, endpoints, slices of these, nodes or ingresses. Required.',
        ),
      api_server: text()
        .superRefine((value, context) => {
          if (value === '' || /^https?:$/.test(URL.parse(value)?.protocol ?? '')) return;
          const message = `expected an address such as "https://10.0.0.1:6443", got ${JSON.stringify(value)}`;
          context.addIssue({ code: 'custom', message, input: value });
        })
        .optional()
        .describe('API server; the cluster Belfry runs in unless this or kubeconfig_file is given.'),
      kubeconfig_file: filePath()
        .optional()
        .describe('File that tells where the API server is and who asks.'),
      namespaces: z
        .strictObject({
          own_namespace: z.boolean().default(false).describe('The namespace Belfry runs in.'),
          names: z.array(text()).default([]).describe('Namespaces.'),
        })
        .prefault({})
        .describe('Namespaces looked at; all without any.'),
      selectors: z.array(selector).default([]).describe('Objects looked at, one selector for each kind.'),
      attach_metadata: z
        .strictObject({
          node: z.boolean().default(false).describe("Labels of a pod's node."),
          namespace: z.boolean().default(false).describe('Labels of the namespace.'),
          deployment: z.boolean().default(false).describe("Name of a pod's deployment."),
          job: z.boolean().default(false).describe("Name of a pod's job."),
          cronjob: z.boolean().default(false).describe("Name of a pod's cron job."),
        })
        .prefault({})
        .describe('Labels of related objects, which are then watched as well.'),
      ...httpClientShape,
    })
    .superRefine((keys, context) => {
      checkHttpClient(keys, context);
      const fault = (path: (string | number)[], message: string): void =>
        context.addIssue({ code: 'custom', path, message });
      const { api_server: server, kubeconfig_file: kubeconfig, namespaces } = keys;
      if (server && kubeconfig)
        fault(['kubeconfig_file'], 'expected either api_server or kubeconfig_file, got both');
      const own = ownHttpKeys(keys);
      if (own.length > 0 && kubeconfig) {
        fault(
          [own[0]!],
          `expected no ${own.join(', ')} beside kubeconfig_file, which says how requests are made`,
        );
      } else if (own.length > 0 && !server) fault([own[0]!], `expected api_server beside ${own.join(', ')}`);
      if (namespaces.own_namespace && (server || kubeconfig)) {
        fault(
          ['namespaces', 'own_namespace'],
          `expected no own_namespace beside ${server ? 'api_server' : 'kubeconfig_file'}`,
        );
      }
      const seen = new Set<string>();
      keys.selectors.forEach(({ role }, index) => {
        const path = ['selectors', index, 'role'];
        if (seen.has(role)) fault(path, `expected one selector for each role, got ${role} again`);
        seen.add(role);
        const allowed = SELECTABLE[keys.role];
        if (!allowed.includes(role))
          fault(path, `expected ${allowed.join(' or ')} with role ${keys.role}, got ${role}`);
      });
    })
    .transform((keys) => completeHttpClient(keys)),
);
export type KubernetesSdConfig = z.output<typeof kubernetesSdConfig>;

/** Keys that say how requests are made and are not as they would be by themselves. */
function ownHttpKeys(keys: object): string[] {
  const byItself = defaultHttpClient();
  return Object.keys(httpClientShape).filter((key) => {
    const given: unknown = Reflect.get(keys, key);
    return JSON.stringify(given) !== JSON.stringify(Reflect.get(byItself, key));
  });
}

function check(faultOf: (text: string) => string | undefined) {
  return (value: string, context: z.RefinementCtx): void => {
    const message = faultOf(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message, input: value });
  };
}
