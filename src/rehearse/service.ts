import type { MessagePort } from 'node:worker_threads';
import type { AlertingRuleConfig, RuleGroupConfig } from '../config/rules.ts';
import type { TimeRange } from '../model/time.ts';
import { type RangeEvaluate, type Rehearsal, rehearse } from './rehearse.ts';
import { type RehearsalSummary, summarize } from './summary.ts';

/** One rehearsal asked of a thread; plain data. */
export interface RehearsalRequest {
  readonly group: RuleGroupConfig;
  readonly rule: AlertingRuleConfig;
  readonly range: TimeRange;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** Unix ms: firings that are not over are counted up to here. */
  readonly now: number;
}

export type RehearsalAnswer =
  | { readonly rehearsal: Rehearsal; readonly summary: RehearsalSummary }
  | { readonly error: string };

/** Rehearses what comes in on a port, in this thread. @param evaluate over the stored history */
export function serveRehearsals(port: MessagePort, evaluate: RangeEvaluate): void {
  port.on('message', (request: RehearsalRequest) => {
    const answer = (message: RehearsalAnswer): void => port.postMessage(message);
    rehearse({ ...request, evaluate }).then(
      (rehearsal) => answer({ rehearsal, summary: summarize(rehearsal, request.now) }),
      (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
}
