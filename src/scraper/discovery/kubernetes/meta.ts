import type { KubernetesSdConfig } from '../../../config/discovery/kubernetes.ts';
import type { LabelRecord } from '../discoverer.ts';
import { sanitizeLabelName } from '../meta-labels.ts';
import type { ObjectMeta } from './objects.ts';
import type { Kind, Objects } from './resources.ts';

export const PREFIX = '__meta_kubernetes_';

export type Attach = KubernetesSdConfig['attach_metadata'];

/** Finds a related object. What is asked for, and whether it was there, is remembered: when that changes, so may the group. */
export type Look = <K extends Kind>(kind: K, key: string) => Objects[K] | undefined;

/** Targets of one object. */
export interface Found {
  readonly targets: readonly LabelRecord[];
  readonly labels: LabelRecord;
}

/** Labels for the labels and annotations of an object of this kind. */
function annotationLabels({ labels, annotations }: ObjectMeta, kind: string): LabelRecord {
  const out: Record<string, string> = {};
  const add = (word: string, given: LabelRecord): void => {
    for (const [name, value] of Object.entries(given)) {
      const sanitized = sanitizeLabelName(name);
      out[`${PREFIX}${kind}_${word}_${sanitized}`] = value;
      out[`${PREFIX}${kind}_${word}present_${sanitized}`] = 'true';
    }
  };
  add('label', labels);
  add('annotation', annotations);
  return out;
}

/** The same with the object's name. */
export function metaLabels(meta: ObjectMeta, kind: string): LabelRecord {
  return { [`${PREFIX}${kind}_name`]: meta.name, ...annotationLabels(meta, kind) };
}

/** Labels of the namespace, if they are wanted and it is known. */
export function namespaceLabels(namespace: string, look: Look, attach: Attach): LabelRecord {
  const found = attach.namespace ? look('namespace', namespace) : undefined;
  return found ? annotationLabels(found.meta, 'namespace') : {};
}

/** Labels of a node, if they are wanted and it is known. */
export function attachedNodeLabels(name: string | undefined, look: Look, attach: Attach): LabelRecord {
  const node = attach.node && name !== undefined ? look('node', name) : undefined;
  return node ? metaLabels(node.meta, 'node') : {};
}
