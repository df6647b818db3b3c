import type { Integration } from './delivery.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Inhibitor } from './inhibit.ts';
import type { TimeIntervals } from './mute-times.ts';
import type { Rendering } from './notification.ts';

/** What the config decides; replaced as a whole when it changes. */
export interface Live {
  readonly rendering: Rendering;
  readonly inhibitor: Inhibitor;
  readonly times: TimeIntervals;
  /** By receiver. */
  readonly integrations: ReadonlyMap<string, readonly Integration[]>;
  /** Undefined without a route. */
  readonly dispatcher: Dispatcher | undefined;
}
