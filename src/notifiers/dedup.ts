/** Why a notification is sent, in upstream's words; `none` means it is not. */
export type NotifyReason =
  | 'none'
  | 'first notification'
  | 'new alerts added'
  | 'some alerts resolved'
  | 'all alerts resolved'
  | 'repeat interval elapsed';

/** What was last told to one integration about one group. Alerts are named by fingerprint. */
export interface LogEntry {
  readonly firing: ReadonlySet<string>;
  readonly resolved: ReadonlySet<string>;
  /** When it was told, Unix ms. */
  readonly at: number;
  /** What the receiver answered that later messages refer to, such as a message's identity. */
  readonly data: Readonly<Record<string, string>>;
}

export interface DedupInput {
  readonly entry: LogEntry | undefined;
  readonly firing: ReadonlySet<string>;
  readonly resolved: ReadonlySet<string>;
  readonly sendResolved: boolean;
  readonly repeatIntervalMs: number;
  /** The time of the flush, Unix ms. */
  readonly now: number;
}

/**
 * Decides whether a group's state is news to an integration. All firing alerts gone is always news, so that the log forgets
 * them even when resolved alerts are not sent. A repeat is due only when strictly more than the interval has passed.
 */
export function notifyReason(input: DedupInput): NotifyReason {
  const { entry, firing, resolved } = input;
  if (!entry) return firing.size > 0 ? 'first notification' : 'none';
  if (!isSubset(firing, entry.firing)) {
    return entry.firing.size === 0 ? 'first notification' : 'new alerts added';
  }
  if (firing.size === 0) return entry.firing.size > 0 ? 'all alerts resolved' : 'none';
  if (input.sendResolved && !isSubset(resolved, entry.resolved)) return 'some alerts resolved';
  return entry.at < input.now - input.repeatIntervalMs ? 'repeat interval elapsed' : 'none';
}

function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  for (const member of part) if (!whole.has(member)) return false;
  return true;
}
