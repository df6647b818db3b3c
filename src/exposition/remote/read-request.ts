import type { Matcher, MatchOp } from '../../model/matcher.ts';
import type { TimeRange } from '../../model/time.ts';
import { ProtobufReader, WIRE } from './protobuf.ts';
import { WireError } from './wire-error.ts';

export type ReadResponseType = 'samples' | 'chunks';

export interface ReadQuery {
  readonly matchers: readonly Matcher[];
  readonly range: TimeRange;
}

/** A prometheus.ReadRequest. */
export interface ReadRequest {
  readonly queries: readonly ReadQuery[];
  /** The first accepted type that we know. */
  readonly responseType: ReadResponseType;
}

const RESPONSE_TYPES: readonly ReadResponseType[] = ['samples', 'chunks'];
const OPS: readonly MatchOp[] = ['=', '!=', '=~', '!~'];
/** Bounds senders use for "all time"; anything beyond is clipped, so that it stays exact. */
const LIMIT_MS = 8_640_000_000_000_000;
const MAX_QUERIES = 100;

/** @throws WireError when the bytes are no request, or ask for something unknown */
export function parseReadRequest(bytes: Uint8Array): ReadRequest {
  const reader = new ProtobufReader(bytes);
  const queries: ReadQuery[] = [];
  const accepted: number[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) queries.push(readQuery(reader.message()));
    else if (field === 2 && reader.wire === WIRE.varint) accepted.push(reader.varint());
    else if (field === 2) {
      const list = reader.message();
      while (list.position < list.end) accepted.push(list.varint());
    } else reader.skip();
    if (queries.length > MAX_QUERIES)
      throw new WireError(`expected at most ${MAX_QUERIES} queries in a read request, got more`);
  }
  const responseType =
    accepted.length === 0
      ? 'samples'
      : accepted.map((type) => RESPONSE_TYPES[type]).find((type) => type !== undefined);
  if (responseType === undefined) {
    throw new WireError(`none of the accepted response types is known: ${accepted.slice(0, 10).join(', ')}`);
  }
  return { queries, responseType };
}

function readQuery(reader: ProtobufReader): ReadQuery {
  const matchers: Matcher[] = [];
  let start = 0;
  let end = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1 && reader.wire === WIRE.varint) start = reader.varint();
    else if (field === 2 && reader.wire === WIRE.varint) end = reader.varint();
    else if (field === 3) matchers.push(readMatcher(reader.message()));
    else reader.skip();
  }
  const clip = (time: number): number => Math.max(-LIMIT_MS, Math.min(LIMIT_MS, time));
  // The protocol's bounds are inclusive.
  return { matchers, range: { from: clip(start), to: clip(end) + 1 } };
}

function readMatcher(reader: ProtobufReader): Matcher {
  let type = 0;
  let name = '';
  let value = '';
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1 && reader.wire === WIRE.varint) type = reader.varint();
    else if (field === 2) name = reader.string();
    else if (field === 3) value = reader.string();
    else reader.skip();
  }
  const op = OPS[type];
  if (op === undefined) throw new WireError(`expected a matcher of type 0 to 3, got ${type}`);
  return { name, op, value };
}
