import type { Log } from '../model/log.ts';

export interface LoggedEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A log that keeps its events for the test to read and prints nothing. */
export function silentLog(
  events: LoggedEvent[] = [],
  fixed: object = {},
): Log & { readonly events: LoggedEvent[] } {
  const at =
    (level: LoggedEvent['level']) =>
    (fields: object, message: string): void =>
      void events.push({ level, fields: { ...fixed, ...fields }, message });
  return {
    events,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => silentLog(events, { ...fixed, ...fields }),
  };
}
