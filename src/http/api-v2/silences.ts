import { type Context, Hono } from 'hono';
import type { Clock } from '../../clock.ts';
import type { Matcher, MatchOp } from '../../model/matcher.ts';
import { parseMatcher } from '../../notifiers/matcher-syntax.ts';
import type { Notifier } from '../../notifiers/notifier.ts';
import {
  type Silence,
  SilenceError,
  type SilenceInput,
  type SilenceState,
  silenceState,
} from '../../notifiers/silences.ts';
import { callOf, noteChange } from '../call.ts';
import {
  answerText,
  flag,
  formatTime,
  isRecord,
  jsonBody,
  missing,
  parseTime,
  stringMap,
  tooFew,
  uuidParam,
  wrongType,
} from './validation.ts';

/** `/silences` and `/silence/:silenceID`. */
export function silenceRoutes({ notifier, clock }: { notifier: Notifier; clock: Clock }): Hono {
  const app = new Hono();

  app.get('/silences', (c) => {
    let wanted: Matcher[];
    try {
      wanted = (c.req.queries('filter') ?? []).map(parseMatcher);
    } catch (error) {
      return answerText(c, 400, (error as Error).message);
    }
    const now = clock.now();
    const shown = notifier
      .silences()
      .map((silence) => ({ silence, state: silenceState(silence, now) }))
      .filter(({ state }) => flag(c, state))
      .filter(({ silence }) =>
        silence.matcherSets.some((set) => wanted.every((matcher) => holds(set, matcher))),
      )
      .sort((a, b) => STATE_ORDER[a.state] - STATE_ORDER[b.state] || byTime(a.state, a.silence, b.silence));
    return c.json(shown.map(({ silence, state }) => silenceJson(silence, state)));
  });

  app.post('/silences', async (c) => {
    const input = bySession(c, readSilence(await jsonBody(c, 'silence')));
    if (input.startsAt >= input.endsAt) {
      return answerText(c, 400, 'Failed to create silence: start time must be before end time');
    }
    if (input.endsAt < clock.now()) {
      return answerText(c, 400, "Failed to create silence: end time can't be in the past");
    }
    return answerSilenceErrors(c, async () => {
      const { id } = await notifier.setSilence(input);
      noteChange(c, `silence ${id} until ${formatTime(input.endsAt)}: ${matchersText(input)}`);
      return c.json({ silenceID: id });
    });
  });

  app.get('/silence/:silenceID', (c) => {
    const silence = notifier.silence(uuidParam(c, 'silenceID'));
    return silence ? c.json(silenceJson(silence, silenceState(silence, clock.now()))) : c.body(null, 404);
  });

  app.delete('/silence/:silenceID', async (c) => {
    const id = uuidParam(c, 'silenceID');
    // 500, not 404: what clients in the field know; Alertmanager itself changed this only lately.
    const silence = notifier.silence(id);
    if (!silence) return answerText(c, 500, 'silence not found');
    await notifier.expireSilence(id);
    noteChange(c, `silence of ${silence.createdBy} ended: ${matchersText(silence)}`);
    return c.body(null, 200);
  });

  return app;
}

/** Whoever is logged in is the author; a tool with a token may speak for somebody. */
function bySession(c: Context, input: SilenceInput): SilenceInput {
  const { caller } = callOf(c);
  return caller.kind === 'user' ? { ...input, createdBy: caller.name } : input;
}

const matchersText = ({ matcherSets }: Pick<SilenceInput, 'matcherSets'>): string =>
  matcherSets
    .map((set) => set.map(({ name, op, value }) => `${name}${op}${JSON.stringify(value)}`).join(', '))
    .join(' or ');

const STATE_ORDER: Readonly<Record<SilenceState, number>> = { active: 1, pending: 2, expired: 3 };

/** Active ones by what ends first, pending ones by what starts first, expired ones by what ended last. */
function byTime(state: SilenceState, a: Silence, b: Silence): number {
  if (state === 'pending') return a.startsAt - b.startsAt;
  return state === 'active' ? a.endsAt - b.endsAt : b.endsAt - a.endsAt;
}

function holds(set: readonly Matcher[], wanted: Matcher): boolean {
  return set.some((one) => one.name === wanted.name && one.op === wanted.op && one.value === wanted.value);
}

async function answerSilenceErrors(c: Context, run: () => Promise<Response>): Promise<Response> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SilenceError)) throw error;
    return answerText(c, error.kind === 'not found' ? 404 : 400, error.message);
  }
}

function silenceJson(silence: Silence, state: SilenceState): object {
  return {
    id: silence.id,
    status: { state },
    updatedAt: formatTime(silence.updatedAt),
    ...(Object.keys(silence.annotations).length > 0 && { annotations: silence.annotations }),
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: formatTime(silence.endsAt),
    matchers: silence.matcherSets[0]!.map(({ name, op, value }) => ({
      isEqual: op === '=' || op === '=~',
      isRegex: op === '=~' || op === '!~',
      name,
      value,
    })),
    startsAt: formatTime(silence.startsAt),
  };
}

function readSilence(body: unknown): SilenceInput {
  if (!isRecord(body)) throw wrongType('silence', 'silence', 'an object', body);
  const id = body.id ?? '';
  if (typeof id !== 'string') throw wrongType('silence', 'id', 'a string', id);
  const startsAt = readTime(body, 'startsAt');
  const endsAt = readTime(body, 'endsAt');
  for (const name of ['comment', 'createdBy', 'startsAt', 'endsAt', 'matchers']) {
    if (body[name] === undefined || body[name] === null) throw missing(name);
  }
  const { comment, createdBy, matchers, annotations = {} } = body;
  if (typeof comment !== 'string') throw wrongType('silence', 'comment', 'a string', comment);
  if (typeof createdBy !== 'string') throw wrongType('silence', 'createdBy', 'a string', createdBy);
  if (!Array.isArray(matchers)) throw wrongType('silence', 'matchers', 'an array', matchers);
  if (matchers.length === 0) throw tooFew('matchers');
  return {
    id,
    matcherSets: [matchers.map(readMatcher)],
    startsAt: startsAt!,
    endsAt: endsAt!,
    createdBy,
    comment,
    annotations: stringMap('silence', 'annotations', annotations ?? {}),
  };
}

function readTime(body: Record<string, unknown>, name: string): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  const at = typeof value === 'string' ? parseTime(value) : undefined;
  if (at === undefined) throw wrongType('silence', name, 'a time such as "2026-01-02T03:04:05Z"', value);
  return at;
}

function readMatcher(value: unknown, index: number): Matcher {
  const path = `matchers.${index}`;
  if (!isRecord(value)) throw wrongType('silence', path, 'an object', value);
  for (const name of ['isRegex', 'name', 'value']) {
    if (value[name] === undefined || value[name] === null) throw missing(`${path}.${name}`);
  }
  const { name, value: text, isRegex, isEqual = true } = value;
  if (typeof name !== 'string') throw wrongType('silence', `${path}.name`, 'a string', name);
  if (typeof text !== 'string') throw wrongType('silence', `${path}.value`, 'a string', text);
  if (typeof isRegex !== 'boolean') throw wrongType('silence', `${path}.isRegex`, 'a boolean', isRegex);
  if (typeof isEqual !== 'boolean') throw wrongType('silence', `${path}.isEqual`, 'a boolean', isEqual);
  const op: MatchOp = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
  return { name, op, value: text };
}
