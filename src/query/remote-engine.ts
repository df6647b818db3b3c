import { labelsOf, NO_LABELS } from '../model/labels.ts';
import type { InstantSample } from './rule-service.ts';

/** Asks another engine's HTTP API (Prometheus'): `path` below /api/v1. @throws Error when there is no answer, or one that is too long */
export type AskEngine = (request: {
  readonly path: string;
  readonly form: URLSearchParams;
  readonly signal: AbortSignal;
  /** By GET, not by a posted form. */
  readonly isGet?: boolean;
}) => Promise<EngineAnswer>;

export interface EngineAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** What an engine gives for an instant query. */
export interface InstantAnswer {
  readonly samples: readonly InstantSample[];
  readonly warnings: readonly string[];
}

interface VectorElement {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly histogram?: unknown;
}

interface Envelope {
  readonly status?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
  readonly data?: { readonly resultType?: string; readonly result?: unknown };
}

/**
 * Evaluates an instant query elsewhere.
 * @param timestamp Unix ms
 * @throws Error saying that the engine cannot be asked, or with its own text
 */
export async function askInstant(
  ask: AskEngine,
  expr: string,
  timestamp: number,
  signal: AbortSignal,
): Promise<InstantAnswer> {
  const form = new URLSearchParams({ query: expr, time: String(timestamp / 1000) });
  const { status, body } = await ask({ path: '/query', form, signal });
  const answer = envelopeOf(body);
  if (answer?.status !== 'success') {
    throw new Error(answer?.error ?? `the engine answered with status ${status}: ${beginningOf(body)}`);
  }
  const { resultType, result } = answer.data ?? {};
  return {
    samples: samplesOf(resultType, result),
    warnings: [...(answer.warnings ?? []), ...(answer.infos ?? [])],
  };
}

function samplesOf(resultType: string | undefined, result: unknown): InstantSample[] {
  if (resultType === 'vector' && Array.isArray(result)) {
    return (result as VectorElement[]).flatMap(({ metric, value }) =>
      // Rules know numbers: a native histogram is no result, as upstream has it for alerts.
      value ? [{ labels: labelsOf(Object.entries(metric)), value: numberOf(value[1]) }] : [],
    );
  }
  if (resultType === 'scalar' && Array.isArray(result)) {
    return [{ labels: NO_LABELS, value: numberOf(String(result[1])) }];
  }
  throw new Error('rule result is not a vector or scalar');
}

const numberOf = (text: string): number =>
  text === '+Inf' ? Number.POSITIVE_INFINITY : text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);

function envelopeOf(body: Uint8Array): Envelope | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as Envelope;
  } catch {
    return undefined;
  }
}

/** What of an answer fits into an error's text. */
export const beginningOf = (body: Uint8Array): string =>
  JSON.stringify(new TextDecoder().decode(body.subarray(0, 200)).trim());
