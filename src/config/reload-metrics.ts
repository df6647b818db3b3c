import { Gauge, type Registry } from 'prom-client';

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
  let last = { isSuccessful: true, successAt: 0 };
  return {
    done(isSuccessful: boolean, now: number): void {
      last = { isSuccessful, successAt: isSuccessful ? now : last.successAt };
      successful.set(isSuccessful ? 1 : 0);
      if (isSuccessful) successAt.set(now / 1000);
    },
    last: () => last,
  };
}
