import type { Clock } from '../../clock.ts';
import type { HttpClientConfig } from '../../config/http-client.ts';
import type { Sigv4Config } from '../../config/sigv4.ts';
import { awsKey } from '../kinds/aws-key.ts';
import { Memory } from '../kinds/memory.ts';
import { type Signable, signed } from '../kinds/sigv4.ts';
import { filledCredentials, trustingBundle } from './aws-credentials.ts';
import type { HttpTransport } from './http.ts';

/** Amazon's managed Prometheus, which takes samples and alerts. */
const SERVICE = 'aps';

/** How a role is asked for: by nobody's settings, as AWS' own tools do. */
const PLAIN: HttpClientConfig = {
  follow_redirects: true,
  enable_http2: true,
  proxy_from_environment: true,
  tls_config: { insecure_skip_verify: false },
};

/** Signs a request with credentials as they are now. @throws Error when there are none, or the role is refused */
export type AwsSigner = <R extends Signable>(
  request: R,
  sigv4: Sigv4Config,
  signal: AbortSignal,
) => Promise<R>;

export interface AwsSignerOptions {
  readonly transport: HttpTransport;
  readonly clock: Pick<Clock, 'now'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function createAwsSigner({ transport, clock, environment }: AwsSignerOptions): AwsSigner {
  /** What roles gave, for as long as a section is the same. */
  const memories = new WeakMap<Sigv4Config, Memory>();
  return async (request, sigv4, signal) => {
    let memory = memories.get(sigv4);
    if (!memory) memories.set(sigv4, (memory = new Memory()));
    const filled = await filledCredentials(sigv4, environment);
    const asking = awsKey(filled, sigv4.service_name || SERVICE, { memory, now: clock.now });
    let step = asking.next();
    while (!step.done) {
      const http = await trustingBundle(PLAIN, filled, environment);
      step = asking.next(await transport(step.value, http, signal));
    }
    if ('kind' in step.value) throw new Error(step.value.message);
    return signed(request, step.value, clock.now());
  };
}
