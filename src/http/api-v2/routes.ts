import { Hono } from 'hono';
import type { Clock } from '../../clock.ts';
import { labelsFromObject } from '../../model/labels.ts';
import type { Notifier } from '../../notifiers/notifier.ts';
import { alertRoutes, filterMatchers } from './alerts.ts';
import { silenceRoutes } from './silences.ts';
import { answerText, formatTime, RequestError } from './validation.ts';

export interface ApiV2Deps {
  readonly notifier: Notifier;
  readonly clock: Clock;
  /** The parts of the running config that an alertmanager.yml may hold, secrets as `<secret>`. */
  readonly configText: () => string;
  readonly version: { readonly version: string; readonly revision: string };
}

/** Alertmanager's API, version 2; to be mounted at `/api/v2`. */
export function apiV2Routes(deps: ApiV2Deps): Hono {
  const { notifier } = deps;
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.header('Cache-Control', 'no-store');
  });
  app.onError((error, c) => {
    if (error instanceof RequestError) {
      return c.json({ code: error.code, message: error.message }, error.status);
    }
    return answerText(c, 500, error.message);
  });

  app.get('/status', (c) =>
    c.json({
      cluster: { peers: [], status: 'disabled' },
      config: { original: deps.configText() },
      uptime: formatTime(notifier.status().startedAt),
      versionInfo: {
        branch: '',
        buildDate: '',
        buildUser: '',
        goVersion: '',
        revision: deps.version.revision,
        version: deps.version.version,
      },
    }),
  );

  app.get('/receivers', (c) => {
    const wanted = filterMatchers(c, 'receiver_matchers');
    if (typeof wanted === 'string') {
      return answerText(c, 400, `failed to parse receiver_matchers param: ${wanted}`);
    }
    const shown = notifier
      .receivers()
      .filter((receiver) => wanted.matches(labelsFromObject(receiver.labels)));
    return c.json(shown.map(({ labels, name }) => ({ labels, name })));
  });

  app.route('/', alertRoutes(deps));
  app.route('/', silenceRoutes(deps));
  return app;
}
