import { Writable } from 'node:stream';
import pino from 'pino';
import type { LogTail } from './log-tail.ts';
import type { Log } from './model/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/**
 * The process's log: logfmt for people (`ts=… level=… component=… msg=…`) or JSON for machines, one line per event, to `out`.
 * Written synchronously: the last words before an exit must be there.
 */
export function createLog(options: {
  level: LogLevel;
  /** Levels of single components, in place of the common one. */
  levels?: ReadonlyMap<string, LogLevel>;
  format: 'logfmt' | 'json';
  out: (line: string) => void;
  /** Gets every event as well. */
  tail?: Pick<LogTail, 'add'>;
}): Log {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const line = chunk.toString('utf8');
      if (options.format === 'json') options.out(line);
      if (options.format === 'logfmt' || options.tail) {
        const event = JSON.parse(line) as Record<string, unknown>;
        if (options.format === 'logfmt') options.out(`${logfmt(event)}\n`);
        const { time, level, ...rest } = event;
        options.tail?.add({ at: Date.parse(time as string), level: level as LogLevel, text: logfmt(rest) });
      }
      done();
    },
  });
  const root = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'msg',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: errorText, err: errorText },
    },
    stream,
  );
  const child = root.child.bind(root);
  root.child = ((fields: { readonly component?: string }) => {
    const level = fields.component === undefined ? undefined : options.levels?.get(fields.component);
    return child(fields, level === undefined ? {} : { level });
  }) as typeof root.child;
  return root as unknown as Log;
}

function errorText(error: unknown): unknown {
  return error instanceof Error ? (error.stack ?? error.message) : error;
}

const PLAIN = /^[^\s"=\\\p{Cc}]+$/u;

/** One event as `key=value` pairs; values with spaces, quotes or control characters are quoted as JSON. */
function logfmt(event: Readonly<Record<string, unknown>>): string {
  const { time, level, component, msg, ...rest } = event;
  const ordered: [string, unknown][] = [
    ['ts', time],
    ['level', level],
    ['component', component],
    ['msg', msg],
    ...Object.entries(rest),
  ];
  return ordered
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `${key}=${PLAIN.test(text) ? text : JSON.stringify(text)}`;
    })
    .join(' ');
}
