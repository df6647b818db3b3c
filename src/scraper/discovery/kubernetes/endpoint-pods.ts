import type { LabelRecord } from '../discoverer.ts';
import { joinHostPort } from '../meta-labels.ts';
import type { Attach, Look } from './meta.ts';
import type { ObjectReference, Pod } from './objects.ts';
import { containerLabels, podLabels, portLabels } from './pod.ts';
import { keyOf } from './resources.ts';

/** The pods behind the endpoints of one object, and which of their ports the endpoints cover. */
export class EndpointPods {
  readonly #look: Look;
  readonly #attach: Attach;
  readonly #seen = new Map<string, { readonly pod: Pod; readonly covered: Set<number> }>();

  constructor(look: Look, attach: Attach) {
    this.#look = look;
    this.#attach = attach;
  }

  /**
   * Labels for an endpoint from the pod it leads to, and from the container that has its port.
   * @param protocol of the endpoint's port, where that counts and not the container's
   */
  labelsFor(target: ObjectReference | undefined, port: number | undefined, protocol?: string): LabelRecord {
    if (target?.kind !== 'Pod') return {};
    const key = keyOf(target.namespace, target.name);
    const pod = this.#look('pod', key);
    if (!pod) return {};
    const seen = this.#seen.get(key) ?? { pod, covered: new Set() };
    this.#seen.set(key, seen);
    if (port !== undefined) seen.covered.add(port);
    let labels = podLabels(pod, this.#look, this.#attach);
    for (const container of pod.containers) {
      const own = container.ports.find((one) => one.port === port);
      if (!own) continue;
      const ofPort = portLabels(protocol === undefined ? own : { ...own, protocol });
      labels = { ...labels, ...containerLabels(container), ...ofPort };
    }
    return labels;
  }

  /** Targets for the ports of these pods that no endpoint covers. */
  uncovered(): LabelRecord[] {
    return [...this.#seen.values()].flatMap(({ pod, covered }) => {
      if (pod.ip === '') return [];
      const shared = podLabels(pod, this.#look, this.#attach);
      return pod.containers.flatMap((container) =>
        container.ports
          .filter(({ port }) => !covered.has(port))
          .map((port) => ({
            __address__: joinHostPort(pod.ip, port.port),
            ...containerLabels(container),
            ...portLabels(port),
            ...shared,
          })),
      );
    });
  }
}
