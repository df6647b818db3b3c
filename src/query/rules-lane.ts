import type { MessagePort } from 'node:worker_threads';
import type { RuleEvaluationResult, RuleEvaluator } from '../model/evaluation.ts';
import type { QueryId, RuleAnswer, RuleRequest } from './protocol.ts';
import { ruleResult } from './rule-columns.ts';

export interface RulesLane extends RuleEvaluator {
  /** Evaluations sent and not yet answered. */
  pending(): number;
  /** Fails what is pending, because its worker has ended; the next evaluation opens the lane anew. */
  reset(reason: string): void;
}

/**
 * The rules' own way to PromQL: a port to the background worker, never shared with people's queries.
 * @param connect opens the lane; called at the first evaluation, so that an instance without rules runs no worker
 */
export function createRulesLane(connect: () => MessagePort): RulesLane {
  const waiting = new Map<
    QueryId,
    { resolve: (result: RuleEvaluationResult) => void; reject: (error: Error) => void }
  >();
  let nextId: QueryId = 1;
  let port: MessagePort | undefined;

  const open = (): MessagePort => {
    const opened = connect();
    opened.on('message', (answer: RuleAnswer) => {
      const caller = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('error' in answer) caller?.reject(new Error(answer.error));
      else caller?.resolve(ruleResult(answer.result));
    });
    return opened;
  };

  return {
    evaluate(evaluation) {
      port ??= open();
      const id = nextId++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        const request: RuleRequest = { id, evaluation };
        port!.postMessage(request);
      });
    },
    pending: () => waiting.size,
    reset(reason) {
      port = undefined;
      const failed = [...waiting.values()];
      waiting.clear();
      for (const { reject } of failed) reject(new Error(reason));
    },
  };
}
