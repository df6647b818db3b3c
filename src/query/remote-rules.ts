import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import type { RuleEvaluation, RuleEvaluationResult } from '../model/evaluation.ts';
import type { RuleAnswer, RuleRequest } from './protocol.ts';
import { type AskEngine, askInstant } from './remote-engine.ts';
import { ruleColumns } from './rule-columns.ts';
import type { ExpandTemplates, InstantSample } from './rule-service.ts';

export interface RemoteRuleOptions {
  readonly ask: AskEngine;
  readonly expand: ExpandTemplates;
  readonly clock: Clock;
}

/** Templates whose queries depend on answers of queries that depend on …; nobody nests deeper. */
const MAX_ROUNDS = 5;

/** Serves the rules lane on a port out of another engine instead of the store; evaluations overlap. */
export function serveRemoteRules(port: MessagePort, options: RemoteRuleOptions): void {
  const evaluate = remoteRuleEvaluation(options);
  port.on('message', async ({ id, evaluation }: RuleRequest) => {
    let answer: RuleAnswer;
    try {
      answer = { id, result: ruleColumns(await evaluate(evaluation)) };
    } catch (error) {
      answer = { id, error: error instanceof Error ? error.message : String(error) };
    }
    port.postMessage(answer);
  });
}

/**
 * Evaluates rules elsewhere. Templates are expanded here: a query in one is noted the first time it is wanted, asked, and the template
 * expanded again with its answer.
 */
export function remoteRuleEvaluation({
  ask,
  expand,
  clock,
}: RemoteRuleOptions): (evaluation: RuleEvaluation) => Promise<RuleEvaluationResult> {
  return async ({ expr, timestamp, templates, timeoutMs }) => {
    const abort = new AbortController();
    const timer = clock.after(timeoutMs, () => abort.abort(new Error(`no answer within ${timeoutMs} ms`)));
    try {
      const { samples, warnings } = await askInstant(ask, expr, timestamp, abort.signal);
      if (!templates) return { samples, warnings };
      const answers = new Map<string, readonly InstantSample[] | Error>();
      for (let round = 0; ; round++) {
        const missing = new Set<string>();
        const expanded = expand(templates, (query) => {
          const known = answers.get(query);
          if (known === undefined) missing.add(query);
          if (known === undefined || known instanceof Error)
            throw known ?? new Error(`${query} was not asked`);
          return known;
        });
        const whole = samples.map((sample) => ({ ...sample, ...expanded(sample.labels, sample.value) }));
        if (missing.size === 0 || round === MAX_ROUNDS) return { samples: whole, warnings };
        await Promise.all(
          Array.from(missing, async (query) => {
            const answer = await askInstant(ask, query, templates.at, abort.signal).then(
              (given) => given.samples,
              (error: Error) => error,
            );
            answers.set(query, answer);
          }),
        );
      }
    } finally {
      timer.cancel();
    }
  };
}
