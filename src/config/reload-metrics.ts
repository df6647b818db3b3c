import { Gauge, type Registry } from 'prom-client';

/** What became of the last reading of the configuration. */
export interface LastReload {
  readonly isSuccessful: boolean;
  /** Unix ms. */
  readonly successAt: number;
  /** Of the last attempt, Unix ms. */
  readonly triedAt: number;
  /** Why it was refused, each mistake on a line. */
  readonly problem?: string;
}

/** Whether and when the configuration was last read with success, as metrics and for the API. */
export function reloadMetrics(registry: Registry) {
  const successful = new Gauge({
    name: 'belfry_config_last_reload_successful',
    help: 'Whether the last attempt to read the configuration succeeded.',
    registers: [registry],
  });
  const successAt = new Gauge({
    name: 'belfry_config_last_reload_success_timestamp_seconds',
    help: 'When the configuration was last read with success.',
    registers: [registry],
  });
  let last: LastReload = { isSuccessful: true, successAt: 0, triedAt: 0 };
  return {
    /** @param problem why it was refused */
    done(isSuccessful: boolean, now: number, problem?: string): void {
      last = {
        isSuccessful,
        successAt: isSuccessful ? now : last.successAt,
        triedAt: now,
        ...(problem !== undefined && { problem }),
      };
      successful.set(isSuccessful ? 1 : 0);
      if (isSuccessful) successAt.set(now / 1000);
    },
    last: () => last,
  };
}
