import type { HttpClientConfig } from '../../config/http-client.ts';

/** Requests without credentials, proxies or TLS settings. */
export const plainHttp: HttpClientConfig = {
  tls_config: { insecure_skip_verify: false },
  follow_redirects: true,
  enable_http2: true,
  proxy_from_environment: false,
};
