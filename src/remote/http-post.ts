import type { IncomingMessage } from 'node:http';
import type { Post } from './delivery.ts';

/** What makes requests as an `http_config` says. */
export interface PostClient {
  post(request: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
    readonly signal: AbortSignal;
  }): Promise<IncomingMessage>;
}

/** Of an answer's body, what a person may read of it; longer ones cost the connection. */
const MAX_TEXT_BYTES = 1000;
const MAX_BODY_BYTES = 65_536;

/** Gives the headers with a signature over the request. @throws Error when it cannot be made */
export type Sign = (
  request: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
  },
  signal: AbortSignal,
) => Promise<Readonly<Record<string, string>>>;

export function createHttpPost(client: PostClient, userAgent: string, sign?: Sign): Post {
  return async (request) => {
    const headers = sign ? await sign(request, request.signal) : request.headers;
    const response = await client.post({ ...request, headers: { ...headers, 'user-agent': userAgent } });
    const { statusCode, headers: answered } = response;
    return {
      status: statusCode ?? 0,
      text: await beginning(response),
      retryAfter: answered['retry-after'],
    };
  };
}

async function beginning(response: IncomingMessage): Promise<string> {
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (bytes < MAX_TEXT_BYTES) kept.push(chunk.subarray(0, MAX_TEXT_BYTES - bytes));
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) break;
  }
  return Buffer.concat(kept).toString('utf8');
}
