import { isIP } from 'node:net';
import { parseDuration } from '../model/duration.ts';
import { type Labels, labelsToObject } from '../model/labels.ts';
import { queryEscape } from './escape-text.ts';
import { regexMatches, regexReplaceAll } from './go-regex.ts';
import { GoDuration } from './go-time.ts';
import {
  byBytes,
  type GoFunction,
  type GoFunctions,
  GoList,
  GoMap,
  GoStruct,
  GoText,
  type GoValue,
  stringMap,
} from './go-value.ts';
import {
  floatToTime,
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
  toFloat,
} from './humanize.ts';
import { titleCase } from './title-case.ts';

export interface QuerySample {
  readonly labels: Labels;
  readonly value: number;
}

/** What the functions of a rule's templates rest on; the same for all elements of one evaluation. */
export interface RuleFunctionContext {
  readonly externalUrl: string;
  /** Unix ms of the evaluation. */
  readonly timestamp: number;
  /** Evaluates an instant query at the same timestamp. @throws Error with PromQL's text */
  readonly query: (expr: string) => readonly QuerySample[];
}

const SAMPLE = '*template.sample';
const RESULT = 'template.queryResult';

const strings = (count: number, call: (args: readonly string[]) => GoValue): GoFunction => ({
  params: Array(count).fill('string'),
  call: (args) => call(args as readonly string[]),
});

const number = (call: (value: number) => GoValue): GoFunction => ({
  params: ['any'],
  call: ([value]) => call(toFloat(value)),
});

/** Prometheus' template functions. */
export function ruleFunctions(context: RuleFunctionContext): GoFunctions {
  return {
    query: {
      params: ['string'],
      call: ([expr], budget) => {
        const samples = context.query(expr as string);
        budget.step(samples.length);
        return queryResult(samples.map(sampleOf));
      },
    },
    first: {
      params: [RESULT],
      call: ([result]) => {
        const [sample] = (result as GoList | null)?.items ?? [];
        if (sample === undefined) throw new Error('first() called on vector with no elements');
        return sample;
      },
    },
    label: { params: ['string', SAMPLE], call: ([name, sample]) => labelOf(sample, name as string) },
    value: { params: [SAMPLE], call: ([sample]) => fieldsOf(sample).get('Value') },
    strvalue: { params: [SAMPLE], call: ([sample]) => labelOf(sample, '__value__') },
    sortByLabel: {
      params: ['string', RESULT],
      call: ([name, result]) => {
        const items = [...((result as GoList | null)?.items ?? [])];
        return queryResult(
          items.sort((a, b) => byBytes(labelOf(a, name as string), labelOf(b, name as string))),
        );
      },
    },
    args: {
      params: [],
      variadic: 'any',
      call: (args) => new GoMap('any', new Map(args.map((arg, i) => [`arg${i}`, arg]))),
    },
    reReplaceAll: {
      params: ['string', 'string', 'string'],
      call: ([pattern, replacement, text], budget) => {
        const args = [pattern, replacement, text] as [string, string, string];
        return regexReplaceAll(...args, budget);
      },
    },
    match: {
      params: ['string', 'string'],
      call: ([pattern, text], budget) => regexMatches(pattern as string, text as string, budget),
    },
    safeHtml: strings(1, ([text]) => new GoText('template.HTML', text!)),
    title: strings(1, ([text]) => titleCase(text!, 'keep')),
    toUpper: strings(1, ([text]) => text!.toUpperCase()),
    toLower: strings(1, ([text]) => text!.toLowerCase()),
    graphLink: strings(1, ([expr]) => `/graph?g0.expr=${queryEscape(expr!)}&g0.tab=0`),
    tableLink: strings(1, ([expr]) => `/graph?g0.expr=${queryEscape(expr!)}&g0.tab=1`),
    stripPort: strings(1, ([text]) => splitHostPort(text!)?.host ?? text!),
    stripDomain: strings(1, ([text]) => stripDomain(text!)),
    humanize: number(humanize),
    humanize1024: number(humanize1024),
    humanizeDuration: number(humanizeDuration),
    humanizePercentage: number(humanizePercentage),
    humanizeTimestamp: number(humanizeTimestamp),
    toTime: number(floatToTime),
    toDuration: number((value) => new GoDuration(durationOf(value))),
    now: { params: [], call: () => context.timestamp / 1000 },
    pathPrefix: { params: [], call: () => pathOf(context.externalUrl) },
    externalURL: { params: [], call: () => context.externalUrl },
    parseDuration: strings(1, ([text]) => {
      const negative = text!.startsWith('-');
      try {
        return (parseDuration(negative ? text!.slice(1) : text!) / 1000) * (negative ? -1 : 1);
      } catch {
        throw new Error(text === '' ? 'empty duration string' : `not a valid duration string: "${text}"`);
      }
    }),
    urlQueryEscape: strings(1, ([text]) => queryEscape(text!)),
  };
}

const queryResult = (samples: readonly GoValue[]): GoList => new GoList(SAMPLE, samples, { type: RESULT });

function sampleOf({ labels, value }: QuerySample): GoStruct {
  const map = stringMap(Object.entries(labelsToObject(labels)));
  return new GoStruct(
    SAMPLE,
    new Map<string, GoValue>([
      ['Labels', map],
      ['Value', value],
    ]),
  );
}

function fieldsOf(sample: GoValue): ReadonlyMap<string, GoValue> {
  if (sample instanceof GoStruct) return sample.fields;
  throw new Error('runtime error: invalid memory address or nil pointer dereference');
}

const labelOf = (sample: GoValue, name: string): string =>
  ((fieldsOf(sample).get('Labels') as GoMap).entries.get(name) as string | undefined) ?? '';

/** Nanoseconds; what an int64 cannot hold is its smallest, as Go's conversion gives on our platforms. */
function durationOf(seconds: number): bigint {
  const ns = seconds * 1e9;
  return Number.isFinite(ns) && Math.abs(ns) < 2 ** 63 ? BigInt(Math.trunc(ns)) : -(2n ** 63n);
}

/** As net.SplitHostPort; undefined where that gives an error. */
function splitHostPort(text: string): { host: string; port: string } | undefined {
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text);
  return match ? { host: match[1] ?? match[2]!, port: match[3]! } : undefined;
}

function stripDomain(hostPort: string): string {
  const parts = splitHostPort(hostPort);
  const host = parts?.host ?? hostPort;
  if (isIP(host) !== 0) return hostPort;
  const short = host.split('.')[0]!;
  if (!parts || parts.port === '') return short;
  return short.includes(':') ? `[${short}]:${parts.port}` : `${short}:${parts.port}`;
}

const pathOf = (url: string): string =>
  URL.canParse(url) ? new URL(url).pathname.replace(/^\/$/, url.endsWith('/') ? '/' : '') : '';
