import type { IncomingMessage } from 'node:http';

/** What makes requests as an `http_config` says. */
export interface EngineHttp {
  get(request: HttpParts): Promise<IncomingMessage>;
  post(request: HttpParts & { readonly body: string }): Promise<IncomingMessage>;
}

interface HttpParts {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Asks an engine with Prometheus' HTTP API. @param url its address, as of Prometheus; `/api/v1` follows */
export function createEngineClient(
  http: EngineHttp,
  {
    url,
    userAgent,
    maxBytes,
  }: { readonly url: string; readonly userAgent: string; readonly maxBytes: number },
) {
  const base = `${url.replace(/\/+$/, '')}/api/v1`;
  const headers = { accept: 'application/json', 'user-agent': userAgent };
  return async (request: {
    readonly path: string;
    readonly form: URLSearchParams;
    readonly signal: AbortSignal;
    readonly isGet?: boolean;
  }): Promise<{ status: number; contentType: string; body: Uint8Array }> => {
    const { path, signal } = request;
    const form = request.form.toString();
    const response = request.isGet
      ? await http.get({ url: `${base}${path}${form === '' ? '' : `?${form}`}`, headers, signal })
      : await http.post({
          url: base + path,
          headers: {
            ...headers,
            'content-type': 'application/x-www-form-urlencoded',
            'content-length': String(Buffer.byteLength(form)),
          },
          body: form,
          signal,
        });
    return {
      status: response.statusCode ?? 0,
      contentType: response.headers['content-type'] ?? '',
      body: await wholeBody(response, maxBytes),
    };
  };
}

async function wholeBody(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`expected an answer of at most ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
