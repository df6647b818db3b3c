import type { IncomingMessage } from 'node:http';
import { createHttpClient, type HttpClient, type HttpClientDeps } from '../../../net/client.ts';
import { PageBuffers } from '../../page-buffers.ts';
import { readPage } from '../../page-client.ts';
import { type Json, mapping, parseJson, text } from '../json.ts';
import type { ClusterAccess } from './access.ts';

const LIST_LIMIT_BYTES = 128 * 1024 * 1024;
const REFUSAL_LIMIT_BYTES = 64 * 1024;
/** Longest event; an object is at most 1.5 MB in the cluster's store. */
const LINE_LIMIT = 16 * 1024 * 1024;

/** An answer of the API server other than 200. */
export class ApiRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiRefusal';
    this.status = status;
  }
}

/** Reads a cluster's API. */
export interface KubernetesApi {
  /** @throws ApiRefusal, or Error when there is no answer */
  list(path: string, query: URLSearchParams, signal: AbortSignal): Promise<Json>;
  /**
   * The events of a watch, until the server ends it.
   * @param onOpen called when the server has begun to answer
   * @throws ApiRefusal, or Error when the connection breaks
   */
  watch(
    path: string,
    query: URLSearchParams,
    signal: AbortSignal,
    onOpen: () => void,
  ): AsyncGenerator<unknown>;
  close(): void;
}

export function kubernetesApi(
  { baseUrl, http }: ClusterAccess,
  deps: HttpClientDeps & { readonly version: string },
): KubernetesApi {
  const client = createHttpClient(http, deps);
  const buffers = new PageBuffers();
  const headers = { accept: 'application/json', 'user-agent': `belfry/${deps.version}` };
  return {
    async list(path, query, signal) {
      const url = `${baseUrl}${path}?${query}`;
      const response = await open(client, {
        url,
        headers: { ...headers, 'accept-encoding': 'gzip' },
        signal,
      });
      const request = { signal, bodyLimitBytes: LIST_LIMIT_BYTES, expectedBytes: 0 };
      const { body } = await readPage(response, request, buffers);
      const json = parseJson(body, `${baseUrl}${path}`);
      buffers.give(body);
      return mapping(json);
    },
    async *watch(path, query, signal, onOpen) {
      const url = `${baseUrl}${path}?${query}`;
      const response = await open(client, {
        url,
        headers: { ...headers, 'accept-encoding': 'identity' },
        signal,
      });
      onOpen();
      try {
        for await (const line of linesOf(response)) yield JSON.parse(line);
      } catch (error) {
        throw signal.aborted ? signal.reason : error;
      } finally {
        response.destroy();
      }
    },
    close: () => client.close(),
  };
}

async function open(client: HttpClient, request: Parameters<HttpClient['get']>[0]): Promise<IncomingMessage> {
  const response = await client.get(request);
  const { statusCode = 0, statusMessage = '' } = response;
  if (statusCode === 200) return response;
  const said = await refusalText(response);
  throw new ApiRefusal(statusCode, `the API server answered ${statusCode} ${said || statusMessage}`.trim());
}

/** The message of the `Status` object that a refusal comes with. */
async function refusalText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > REFUSAL_LIMIT_BYTES) return '';
      chunks.push(chunk);
    }
    return text(mapping(JSON.parse(Buffer.concat(chunks).toString('utf8'))).message);
  } catch {
    return '';
  } finally {
    response.destroy();
  }
}

/** Lines that are not blank. Each byte is looked at once, however long a line is and in however many pieces it comes. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    const [first, ...others] = decoder.decode(chunk, { stream: true }).split('\n');
    pieces.push(first!);
    length += first!.length;
    if (others.length > 0) {
      for (const line of [pieces.join(''), ...others.slice(0, -1)]) if (line.trim() !== '') yield line;
      pieces = [others.at(-1)!];
      length = pieces[0]!.length;
    }
    if (length > LINE_LIMIT) throw new Error(`expected events of at most ${LINE_LIMIT} characters`);
  }
}
