import { createWriteStream, type WriteStream } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { Log } from '../model/log.ts';

/** Lines that wait for the disk are at most so many bytes; what is more is left out. */
const MAX_WAITING_BYTES = 1 << 20;

/** The file a job's failed scrapes are written to, `scrape_failure_log_file`: a line of JSON for each, in upstream's form. */
export interface FailureLog {
  write(target: string, failure: Error): void;
  close(): void;
}

/** Appends to a file, which is opened at once; a reload opens it anew. @param job the label of its lines */
export function openFailureLog(
  file: string,
  job: string,
  deps: { readonly clock: Clock; readonly log: Log },
): FailureLog {
  const stream: WriteStream = createWriteStream(file, { flags: 'a' });
  let isBroken = false;
  stream.on('error', (error) => {
    if (!isBroken)
      deps.log.error({ file, problem: error.message }, 'scrape_failure_log_file cannot be written');
    isBroken = true;
  });
  return {
    write(target, failure) {
      if (isBroken || stream.writableLength > MAX_WAITING_BYTES) return;
      const time = new Date(deps.clock.now()).toISOString();
      const line = { time, level: 'ERROR', msg: failure.message, job_name: job, target };
      stream.write(`${JSON.stringify(line)}\n`);
    },
    close: () => stream.end(),
  };
}
