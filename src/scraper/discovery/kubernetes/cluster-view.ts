import type { KubernetesRole } from '../../../config/discovery/kubernetes.ts';
import type { TargetGroup } from '../discoverer.ts';
import type { Json } from '../json.ts';
import type { Attach, Found, Look } from './meta.ts';
import { type Kind, keyOf, type Objects, resources } from './resources.ts';
import { roles } from './roles.ts';

/**
 * The objects of a cluster as far as they are watched, and the target groups they make. A group is made anew only when its object
 * changes or one of those that it looked at.
 */
export class ClusterView<Role extends KubernetesRole> {
  readonly #role: Role;
  readonly #attach: Attach;
  readonly #objects = new Map<Kind, Map<string, Objects[Kind]>>();
  /** Objects of the role whose groups are to be made. */
  readonly #changed = new Set<string>();
  /** By what was looked at: the objects whose groups it may change. */
  readonly #dependents = new Map<string, Set<string>>();
  /** By object: what its group looked at. */
  readonly #lookedAt = new Map<string, readonly string[]>();

  constructor(role: Role, attach: Attach) {
    this.#role = role;
    this.#attach = attach;
  }

  put(kind: Kind, json: Json): void {
    const object = resources[kind].read(json);
    const key = keyOf(object.meta.namespace, object.meta.name);
    const before = this.#of(kind).get(key);
    if (before && before.meta.version === object.meta.version && object.meta.version !== '') return;
    this.#of(kind).set(key, object);
    this.#touch(kind, key);
  }

  remove(kind: Kind, key: string): void {
    if (this.#of(kind).delete(key)) this.#touch(kind, key);
  }

  /** Removes all objects of a kind but these from a namespace; from all for the empty one. */
  keepOnly(kind: Kind, namespace: string, keys: ReadonlySet<string>): void {
    for (const key of [...this.#of(kind).keys()]) {
      const isInScope = namespace === '' || key.startsWith(`${namespace}/`);
      if (isInScope && !keys.has(key)) this.remove(kind, key);
    }
  }

  /** Makes groups that may have changed, one at a time; of objects outside the namespaces that are ready, none yet. */
  *changes(isReady: (namespace: string) => boolean): Generator<TargetGroup> {
    const { source } = roles[this.#role];
    for (const key of this.#changed) {
      const namespace = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
      if (!isReady(namespace)) continue;
      this.#changed.delete(key);
      this.#forget(key);
      const object = this.#of(this.#role).get(key) as Objects[Role] | undefined;
      const found = object ? this.#make(key, object) : { targets: [], labels: {} };
      yield { source: `${source}/${key}`, ...found };
    }
  }

  #make(key: string, object: Objects[Role]): Found {
    const looked = new Set<string>();
    const look: Look = (kind, name) => {
      looked.add(`${kind} ${name}`);
      return this.#of(kind).get(name);
    };
    const found = roles[this.#role].targets(object as never, look, this.#attach);
    this.#lookedAt.set(key, [...looked]);
    for (const name of looked) {
      const dependents = this.#dependents.get(name) ?? new Set();
      this.#dependents.set(name, dependents.add(key));
    }
    return found;
  }

  #touch(kind: Kind, key: string): void {
    if (kind === this.#role) this.#changed.add(key);
    for (const dependent of this.#dependents.get(`${kind} ${key}`) ?? []) this.#changed.add(dependent);
  }

  #forget(key: string): void {
    for (const name of this.#lookedAt.get(key) ?? []) {
      const dependents = this.#dependents.get(name);
      dependents?.delete(key);
      if (dependents?.size === 0) this.#dependents.delete(name);
    }
    this.#lookedAt.delete(key);
  }

  #of<K extends Kind>(kind: K): Map<string, Objects[K]> {
    const known = this.#objects.get(kind) as Map<string, Objects[K]> | undefined;
    if (known) return known;
    const made = new Map<string, Objects[K]>();
    this.#objects.set(kind, made);
    return made;
  }
}
