import { RE2JS } from 're2js';
import { labelValue, METRIC_NAME } from '../../model/labels.ts';
import { unlimited } from '../../model/queryable.ts';
import type { Expr } from '../ast.ts';
import { PromqlError } from '../errors.ts';
import { evaluateInstant, evaluateRange, type QueryOutcome } from '../evaluate.ts';
import { parseExpr } from '../parse.ts';
import { atCases } from './at-cases.ts';
import { compareResult } from './compare.ts';
import { CustomBucketConverter } from './custom-buckets.ts';
import {
  type CommandText,
  type EvalCommand,
  type Expectation,
  type ExpectationKind,
  type LoadCommand,
  parseCommand,
  ScriptError,
  splitScript,
} from './script.ts';
import { MemoryStorage } from './storage.ts';

/** A case that did not come out as the script says. */
export interface Failure {
  /** 1-based line of the script. */
  readonly line: number;
  readonly expr: string;
  readonly message: string;
}

export interface ScriptResult {
  readonly passed: number;
  readonly total: number;
  readonly failures: readonly Failure[];
}

const MINUTE_MS = 60_000;

/**
 * Runs a script in the promqltest language: every eval is a case, with its re-evaluations. A command that cannot be read is a
 * case that fails; the others still run.
 */
export function runScript(text: string): ScriptResult {
  const storage = new MemoryStorage();
  const failures: Failure[] = [];
  let total = 0;
  for (const command of splitScript(text)) {
    const outcome = runCommand(storage, command);
    if (outcome === 'done') continue;
    total++;
    if (outcome !== 'passed') failures.push(outcome);
  }
  return { passed: total - failures.length, total, failures };
}

function runCommand(storage: MemoryStorage, text: CommandText): Failure | 'passed' | 'done' {
  try {
    const command = parseCommand(text);
    if (command.kind === 'clear') storage.clear();
    else if (command.kind === 'load') load(storage, command);
    else {
      const message = runCase(storage, command);
      return message === undefined ? 'passed' : { line: command.line, expr: command.expr, message };
    }
    return 'done';
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return { line: error.line, expr: text.lines[0]!, message: error.message };
  }
}

function load(storage: MemoryStorage, command: LoadCommand): void {
  const converter = command.withCustomBuckets ? new CustomBucketConverter() : undefined;
  for (const { labels, items, starts } of command.series) {
    items.forEach((item, i) => {
      const timestamp = i * command.stepMs;
      const offset = starts?.[i];
      const start = offset === undefined ? 0 : timestamp + offset;
      if (item.kind === 'float') {
        storage.append(labels, timestamp, item.value, start);
        converter?.add(labels, timestamp, item.value);
      } else if (item.kind === 'histogram') storage.append(labels, timestamp, item.histogram, start);
      else if (item.kind === 'stale') storage.append(labels, timestamp, 'stale', start);
    });
  }
  for (const { labels, timestamp, histogram } of converter?.histograms() ?? []) {
    if (labelValue(labels, METRIC_NAME) === '')
      throw new ScriptError(command.line, 'a classic histogram without a name');
    storage.append(labels, timestamp, histogram);
  }
}

/** What is wrong with a case; undefined when nothing is. */
function runCase(storage: MemoryStorage, command: EvalCommand): string | undefined {
  let expr: Expr;
  try {
    expr = parseExpr(command.expr);
  } catch (error) {
    return checkFailure(command, error);
  }
  if (command.step !== undefined) return runRange(storage, command, expr);
  const first = runInstant(storage, command, expr, command.expr, command.start);
  if (first !== undefined) return first;
  for (const { expr: text, time } of atCases(expr, instantTime(command))) {
    const message = runInstant(storage, command, parseExpr(text), text, time);
    if (message !== undefined) return `as ${text} at ${time} ms: ${message}`;
  }
  return undefined;
}

const instantTime = (command: EvalCommand): number =>
  command.expected.kind === 'range' ? command.expected.end : command.start;

/** Settings of the language's engine. */
const optionsFor = (query: string) => ({
  budget: unlimited,
  query,
  delayedNameRemoval: true,
  useStartTimestamps: true,
});

function runRange(storage: MemoryStorage, command: EvalCommand, expr: Expr): string | undefined {
  const range = { startMs: command.start, endMs: command.end, stepMs: command.step! };
  let outcome: QueryOutcome;
  try {
    outcome = evaluateRange(expr, range, storage, optionsFor(command.expr));
  } catch (error) {
    return checkFailure(command, error);
  }
  return checkOutcome(command, outcome, false, {
    start: command.start,
    end: command.end,
    step: command.step!,
  });
}

function runInstant(
  storage: MemoryStorage,
  command: EvalCommand,
  expr: Expr,
  text: string,
  time: number,
): string | undefined {
  const { expected } = command;
  const at = expected.kind === 'range' && time === command.start ? expected.end : time;
  const isOrdered = expects(command, 'ordered').length > 0;
  const times = expected.kind === 'range' ? expected : { start: at, end: at, step: 1 };
  let outcome: QueryOutcome;
  try {
    outcome = evaluateInstant(expr, at, storage, optionsFor(text));
  } catch (error) {
    return checkFailure(command, error);
  }
  const difference = checkOutcome(command, outcome, isOrdered, times);
  if (difference !== undefined) return difference;
  if (expected.kind === 'range' || expected.kind === 'string' || /(start|end|range|step)\(\)/.test(text))
    return undefined;
  return runAsRange(storage, command, expr, text, at, outcome, isOrdered);
}

/** The same as the middle of a range query over three steps. */
function runAsRange(
  storage: MemoryStorage,
  command: EvalCommand,
  expr: Expr,
  text: string,
  time: number,
  instant: QueryOutcome,
  isOrdered: boolean,
): string | undefined {
  const range = { startMs: time - MINUTE_MS, endMs: time + MINUTE_MS, stepMs: MINUTE_MS };
  let outcome: QueryOutcome;
  try {
    outcome = evaluateRange(expr, range, storage, optionsFor(text));
  } catch (error) {
    return `in a range query: ${error instanceof PromqlError ? error.message : (error as Error).stack}`;
  }
  if (isOrdered || outcome.value.kind !== 'matrix') return undefined;
  const samples = outcome.value.series.flatMap(({ labels, timestamps, values, histograms }) => {
    const i = timestamps.indexOf(time);
    return i < 0 ? [] : [{ labels, timestamp: time, value: values[i]!, histogram: histograms?.[i] }];
  });
  const middle =
    instant.value.kind === 'scalar'
      ? ({ kind: 'scalar', timestamp: time, value: samples[0]!.value } as const)
      : ({ kind: 'vector', samples } as const);
  const difference = compareResult(command.expected, middle, false, { start: time, end: time, step: 1 });
  return difference && `in a range query: ${difference}`;
}

const expects = (command: EvalCommand, kind: ExpectationKind): Expectation[] =>
  command.expectations.filter((expectation) => expectation.kind === kind);

function checkFailure(command: EvalCommand, error: unknown): string | undefined {
  // A broken invariant of the engine fails the case, whatever was expected.
  if (!(error instanceof PromqlError)) return `internal error: ${(error as Error).stack ?? error}`;
  const [expected] = expects(command, 'fail');
  if (expected === undefined) return `unexpected error: ${error.message}`;
  if (matches(expected, error.message)) return undefined;
  return `expected the error ${describe(expected)}, got ${JSON.stringify(error.message)}`;
}

function checkOutcome(
  command: EvalCommand,
  outcome: QueryOutcome,
  isOrdered: boolean,
  times: { start: number; end: number; step: number },
): string | undefined {
  if (expects(command, 'fail').length > 0) return 'expected an error, got a result';
  return (
    checkAnnotations(command, 'warn', outcome.warnings) ??
    checkAnnotations(command, 'info', outcome.infos) ??
    compareResult(command.expected, outcome.value, isOrdered, times)
  );
}

/** Each line must match some annotation, and each annotation some line. */
function checkAnnotations(
  command: EvalCommand,
  kind: 'warn' | 'info',
  found: readonly string[],
): string | undefined {
  if (expects(command, `no_${kind}`).length > 0 && found.length > 0) {
    return `expected no ${kind} annotations, got ${JSON.stringify(found)}`;
  }
  const expected = expects(command, kind);
  if (expected.length === 0) return undefined;
  const missing = expected.find((expectation) => !found.some((text) => matches(expectation, text)));
  if (missing) return `expected a ${kind} annotation ${describe(missing)}, got ${JSON.stringify(found)}`;
  const surplus = found.find((text) => !expected.some((expectation) => matches(expectation, text)));
  return surplus && `unexpected ${kind} annotation ${JSON.stringify(surplus)}`;
}

function matches(expectation: Expectation, text: string): boolean {
  if (expectation.message !== undefined) return expectation.message === text;
  return expectation.regex === undefined || RE2JS.compile(expectation.regex).matcher(text).find();
}

const describe = (expectation: Expectation): string =>
  JSON.stringify(expectation.message ?? expectation.regex ?? 'of any text');
