/** Label names to values; an empty value is as good as no label. */
export type LabelRecord = Readonly<Record<string, string>>;

/** Targets that were found together. */
export interface TargetGroup {
  /** Names the group among those of its discoverer. */
  readonly source: string;
  /** What is special to each target, `__address__` at least; wins over the group's labels. */
  readonly targets: readonly LabelRecord[];
  readonly labels: LabelRecord;
}

export interface DiscoverySink {
  /** These groups replace the earlier ones of the same sources; a group without targets ends its source. */
  update(groups: readonly TargetGroup[]): void;
  /** Why nothing new is known, or undefined when all is well again. What was found before stays. */
  problem(what: string | undefined): void;
}

/** Finds targets for as long as it runs. */
export interface Discoverer {
  /** Ends when `signal` is aborted; rejects only when it cannot go on at all. */
  run(sink: DiscoverySink, signal: AbortSignal): Promise<void>;
}

export function sameGroup(a: TargetGroup, b: TargetGroup): boolean {
  return (
    a.targets.length === b.targets.length &&
    sameRecord(a.labels, b.labels) &&
    a.targets.every((target, index) => sameRecord(target, b.targets[index]!))
  );
}

function sameRecord(a: LabelRecord, b: LabelRecord): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
