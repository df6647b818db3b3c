import { parseDuration } from '../../model/duration.ts';
import { type Labels, sameLabels } from '../../model/labels.ts';
import { parseGoFloat, parseNumber } from '../numbers.ts';
import { unquoteString } from '../string-literal.ts';
import { type Item, parseMetric, parseSeriesLine } from './series.ts';
import { isStartLine, parseStartItems, type StartOffsets } from './start-times.ts';

/** A command of a script; `line` is 1-based. */
export type Command = ClearCommand | LoadCommand | EvalCommand;

export interface ClearCommand {
  readonly kind: 'clear';
  readonly line: number;
}

export interface LoadCommand {
  readonly kind: 'load';
  readonly line: number;
  readonly stepMs: number;
  /** Histograms with custom buckets are to be made of classic ones. */
  readonly withCustomBuckets: boolean;
  readonly series: readonly LoadedSeries[];
}

export interface LoadedSeries {
  readonly labels: Labels;
  readonly items: readonly Item[];
  readonly starts: StartOffsets | undefined;
}

export type ExpectationKind = 'fail' | 'warn' | 'info' | 'no_warn' | 'no_info' | 'ordered';

export interface Expectation {
  readonly kind: ExpectationKind;
  /** The exact text, or a pattern, or anything. */
  readonly message?: string;
  readonly regex?: string;
}

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly expr: string;
  /** For an instant query `step` is undefined and `start` is the time. Milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly step: number | undefined;
  readonly expectations: readonly Expectation[];
  readonly expected: ExpectedResult;
}

export type ExpectedResult =
  | {
      readonly kind: 'series';
      readonly series: readonly { readonly labels: Labels; readonly items: readonly Item[] }[];
    }
  | {
      readonly kind: 'range';
      readonly start: number;
      readonly end: number;
      readonly step: number;
      readonly series: readonly { readonly labels: Labels; readonly items: readonly Item[] }[];
    }
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string };

/** A mistake in a script. */
export class ScriptError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.name = 'ScriptError';
    this.line = line;
  }
}

/** A command as it stands in a script, with the lines it owns; `line` is 1-based. */
export interface CommandText {
  readonly lines: readonly string[];
  readonly line: number;
}

/** Splits a script in the promqltest language into its commands. */
export function splitScript(text: string): CommandText[] {
  const lines = text.split('\n').map((line) => {
    const trimmed = line.trim();
    return trimmed.startsWith('#') ? '' : trimmed;
  });
  const commands: CommandText[] = [];
  for (let i = 0; i < lines.length; ) {
    if (lines[i] === '') {
      i++;
      continue;
    }
    let end = i + 1;
    while (/^(load|eval)/i.test(lines[i]!) && end < lines.length && lines[end] !== '') end++;
    commands.push({ lines: lines.slice(i, end), line: i + 1 });
    i = end;
  }
  return commands;
}

/** Reads one command. @throws ScriptError */
export function parseCommand({ lines, line }: CommandText): Command {
  const word = lines[0]!.split(/\s/)[0]!.toLowerCase();
  try {
    if (word === 'clear') return { kind: 'clear', line };
    if (word.startsWith('load')) return parseLoad(lines, line);
    if (word.startsWith('eval')) return parseEval(lines, line);
  } catch (error) {
    if (error instanceof ScriptError) throw error;
    throw new ScriptError(line, (error as Error).message);
  }
  throw new ScriptError(line, `expected clear, load or eval, got ${JSON.stringify(word)}`);
}

function parseLoad(lines: readonly string[], line: number): LoadCommand {
  const head = /^load(_with_nhcb)?\s+(\S+)$/.exec(lines[0]!);
  if (!head) throw new ScriptError(line, 'expected load[_with_nhcb] <step>');
  const series: LoadedSeries[] = [];
  let starts: { labels: Labels; offsets: StartOffsets } | undefined;
  for (let i = 1; i < lines.length; i++) {
    const text = lines[i]!;
    if (isStartLine(text)) {
      const { labels, end } = parseMetric(text);
      starts = { labels, offsets: parseStartItems(text.slice(end).replace(/^@st/, '')) };
      continue;
    }
    const { labels, items } = parseSeriesLine(text);
    if (starts && (!sameLabels(starts.labels, labels) || starts.offsets.length !== items.length)) {
      throw new ScriptError(line + i, 'the @st line before does not fit this series');
    }
    series.push({ labels, items, starts: starts?.offsets });
    starts = undefined;
  }
  if (starts) throw new ScriptError(line, 'expected a series line after the @st line');
  return {
    kind: 'load',
    line,
    stepMs: parseDuration(head[2]!),
    withCustomBuckets: head[1] !== undefined,
    series,
  };
}

const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(\S+))?\s+(.+)$/;
const RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+?)\s+(.+)$/;
const EXPECT_RANGE = /^expect range vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/;
const EXPECT = /^expect\s+(fail|warn|info|no_warn|no_info|ordered)(?:\s+(msg|regex):(.*))?$/;

function parseEval(lines: readonly string[], line: number): EvalCommand {
  const instant = INSTANT.exec(lines[0]!);
  const range = RANGE.exec(lines[0]!);
  const head = instant ?? range;
  if (!head)
    throw new ScriptError(
      line,
      'expected eval instant at <time> <expr> or eval range from <a> to <b> step <s> <expr>',
    );
  const start = parseDuration(head[2] ?? '0');
  const end = instant ? start : parseDuration(head[3]!);
  const step = instant ? undefined : parseDuration(head[4]!);
  const expr = instant ? head[3]! : head[5]!;
  const body = parseExpectations(lines.slice(1), line + 1, head[1] as ExpectationKind | undefined);
  return { kind: 'eval', line, expr, start, end, step, ...body };
}

function parseExpectations(
  lines: readonly string[],
  line: number,
  legacy: ExpectationKind | undefined,
): { expectations: Expectation[]; expected: ExpectedResult } {
  const expectations: Expectation[] = legacy === undefined ? [] : [{ kind: legacy }];
  const series: { labels: Labels; items: readonly Item[] }[] = [];
  let expected: ExpectedResult = { kind: 'series', series };
  lines.forEach((text, i) => {
    const range = EXPECT_RANGE.exec(text);
    const expectation = EXPECT.exec(text);
    const message = /^expected_fail_(message|regexp)\s+(.*)$/.exec(text);
    if (range) {
      const [start, end, step] = range.slice(1).map(parseDuration) as [number, number, number];
      expected = { kind: 'range', start, end, step, series };
    } else if (text.startsWith('expect string')) {
      expected = { kind: 'string', value: unquoteString(text.slice('expect string'.length).trim()) };
    } else if (expectation) {
      expectations.push(expectationOf(expectation));
    } else if (message && legacy === 'fail') {
      expectations[0] = {
        kind: 'fail',
        [message[1] === 'message' ? 'message' : 'regex']: message[2]!.trim(),
      };
    } else if (/^expect\s/.test(text)) {
      throw new ScriptError(line + i, `expected a known expectation, got ${JSON.stringify(text)}`);
    } else {
      const number = scalarOf(text);
      if (number !== undefined) expected = { kind: 'scalar', value: number };
      else series.push(parseSeriesLine(text));
    }
  });
  rejectContradictions(expectations, line);
  return { expectations, expected };
}

function expectationOf(match: RegExpExecArray): Expectation {
  const kind = match[1] as ExpectationKind;
  if (match[2] === undefined) return { kind };
  const text = match[3]!.trim();
  return match[2] === 'msg' ? { kind, message: text } : { kind, regex: text };
}

function scalarOf(text: string): number | undefined {
  if (/^0[xX0-7]/.test(text)) return parseNumber(text, (message) => new Error(message));
  return parseGoFloat(text);
}

function rejectContradictions(expectations: readonly Expectation[], line: number): void {
  const has = (kind: ExpectationKind): boolean =>
    expectations.some((expectation) => expectation.kind === kind);
  if (has('warn') && has('no_warn')) throw new ScriptError(line, 'warn and no_warn cannot be used together');
  if (has('info') && has('no_info')) throw new ScriptError(line, 'info and no_info cannot be used together');
  if (expectations.filter(({ kind }) => kind === 'fail').length > 1) {
    throw new ScriptError(line, 'expected at most one fail line');
  }
}
