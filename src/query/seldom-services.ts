/** The services of a worker thread that few sites ask for, with HTTP and all they need: loaded with the first of them (`worker.ts`). */
import type { MessagePort } from 'node:worker_threads';
import { serveBackups } from '../backup/service.ts';
import { systemClock } from '../clock.ts';
import type { RelabelConfig } from '../config/relabel.ts';
import type { Sigv4Config } from '../config/sigv4.ts';
import { serveImport } from '../import/service.ts';
import type { Labels } from '../model/labels.ts';
import { createHttpClient } from '../net/client.ts';
import { createAwsSigner } from '../notifiers/transport/aws-signing.ts';
import { createHttpTransport } from '../notifiers/transport/http.ts';
import { serveRehearsals } from '../rehearse/service.ts';
import { createEngineClient } from '../remote/engine-client.ts';
import { createHttpPost, type Sign } from '../remote/http-post.ts';
import type { SenderInit } from '../remote/protocol.ts';
import { createSender } from '../remote/service.ts';
import { relabelling } from '../scraper/relabel-labels.ts';
import { expandRuleTemplates } from '../templates/rule-expander.ts';
import { rangeEvaluation } from './range-evaluation.ts';
import { serveRemoteRules } from './remote-rules.ts';
import type { EngineInit, EvaluationParts } from './worker.ts';

export { serveBackups, serveImport };

/** Answers what a rule would have done. */
export function serveRehearsal(port: MessagePort, { queryable, settings, limits }: EvaluationParts): void {
  serveRehearsals(port, rangeEvaluation(queryable, settings, limits, systemClock.monotonic), relabelled);
}

/** Sends every sample on to the receivers of `remote_write`. */
export function serveSender(port: MessagePort, sender: SenderInit, addon: object | undefined): void {
  createSender(port, sender, {
    clock: systemClock,
    addon,
    compileRelabel: relabelling,
    createPost({ config }) {
      const client = createHttpClient(config, { clock: systemClock, environment: sender.environment });
      const sign = config.sigv4 && awsSign(sender, config.sigv4);
      return { post: createHttpPost(client, sender.userAgent, sign), close: () => client.close() };
    },
  });
}

/** Rules whose expressions another engine evaluates. */
export function serveEngineRules(port: MessagePort, engine: EngineInit): void {
  const client = createHttpClient(engine.config, { clock: systemClock, environment: engine.environment });
  const ask = createEngineClient(client, engine);
  serveRemoteRules(port, { ask, expand: expandRuleTemplates, clock: systemClock });
}

/** Labels after `alert_relabel_configs`; undefined when they drop the alert. */
function relabelled(steps: readonly RelabelConfig[], labels: Labels): Labels | undefined {
  const relabel = relabelling(steps);
  return relabel ? relabel(labels) : labels;
}

function awsSign({ environment, userAgent }: SenderInit, sigv4: Sigv4Config): Sign {
  const transport = createHttpTransport({ clock: systemClock, userAgent, environment });
  const sign = createAwsSigner({ transport, clock: systemClock, environment });
  return async (request, signal) => (await sign({ method: 'POST', ...request }, sigv4, signal)).headers;
}
