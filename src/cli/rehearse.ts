import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import type { AlertingRuleConfig, RuleGroupConfig } from '../config/rules.ts';
import { formatDuration } from '../model/duration.ts';
import { type FlagSpec, type ParsedArgs, parseArgs, UsageError } from './args.ts';
import type { CheckLanguages } from './check.ts';
import { durationOf, momentOf } from './flag-times.ts';
import { type CliIo, type Command, EXIT, fetchProblem } from './io.ts';
import { type RehearsalJson, rehearsalText } from './rehearsal-text.ts';
import { destinationOf, REMOTE_FLAGS } from './remote.ts';
import { readRuleFiles } from './rule-files.ts';

const DEFAULT_INTERVAL_MS = 60_000;
/** The server gives up on a rehearsal before that. */
const TIMEOUT_MS = 300_000;

const FLAGS: readonly FlagSpec[] = [
  {
    names: ['from'],
    kind: 'value',
    placeholder: 'TIME',
    help: 'begin: RFC 3339, Unix seconds, or how long ago, such as 30d (7d)',
  },
  { names: ['to'], kind: 'value', placeholder: 'TIME', help: 'end, in the same forms (now)' },
  { names: ['group'], kind: 'value', placeholder: 'NAME', help: 'group of the rule, when several have it' },
  { names: ['for'], kind: 'value', placeholder: 'DURATION', help: "in place of the rule's own" },
  { names: ['keep-firing-for'], kind: 'value', placeholder: 'DURATION', help: "in place of the rule's own" },
  { names: ['expr'], kind: 'value', placeholder: 'PROMQL', help: "in place of the rule's own" },
  {
    names: ['try-for'],
    kind: 'value',
    placeholder: 'DURATION,…',
    help: 'shows beside it what these would have come to',
  },
  {
    names: ['try-threshold'],
    kind: 'value',
    placeholder: 'NUMBER,…',
    help: 'the same for what the rule compares with',
  },
  {
    names: ['timezone'],
    kind: 'value',
    placeholder: 'NAME',
    help: 'by whose clock a night is one, such as Europe/Berlin (UTC)',
  },
  { names: ['json'], kind: 'boolean', help: 'prints what the server answered' },
  ...REMOTE_FLAGS.filter(({ names }) => names[0] !== 'timeout'),
];

export interface RehearseDeps extends CheckLanguages {
  readonly clock: Pick<Clock, 'now'>;
  readonly fetch: typeof fetch;
}

/**
 * `belfry rehearse RULE|FILE`: what a rule, or each alerting rule of a rule file, would have done over stored history. Asks a running
 * monitor. Exits 1 when it cannot answer.
 */
export function rehearseCommand(deps: RehearseDeps): Command {
  return {
    name: 'rehearse',
    usage: 'rehearse RULE|FILE [--from TIME] [--to TIME] [--url URL]',
    summary: 'tells what a rule would have done in the past, and who would have been told',
    flags: FLAGS,
    async run(argv, io) {
      const args = parseArgs(argv, FLAGS);
      const [wanted, ...more] = args.positional;
      if (wanted === undefined || more.length > 0)
        throw new UsageError(`rehearse: expected one RULE or FILE, got ${args.positional.length}`);
      const settings = settingsOf(args, deps.clock.now());
      let rules: readonly object[];
      try {
        rules = existsSync(path.resolve(io.cwd, wanted))
          ? rulesOf(wanted, io, deps)
          : [{ alert: wanted, ...optional('group', args) }];
      } catch (error) {
        io.stderr(`${(error as Error).message}\n`);
        return EXIT.failed;
      }
      const answers: unknown[] = [];
      for (const rule of rules) {
        const answer = await ask(args, io, deps, { ...rule, ...settings });
        if (answer === undefined) return EXIT.failed;
        if (args.switches.get('json')) answers.push(answer);
        else io.stdout(`${rehearsalText(answer)}\n`);
      }
      if (args.switches.get('json')) {
        io.stdout(`${JSON.stringify(answers.length === 1 ? answers[0] : answers, undefined, 2)}\n`);
      }
      return EXIT.ok;
    },
  };
}

/** @throws UsageError */
function settingsOf(args: ParsedArgs, now: number): object {
  const from = args.values.get('from') ?? '7d';
  const to = args.values.get('to');
  const fors = listOf(args, 'try-for');
  const thresholds = listOf(args, 'try-threshold')?.map((text) => {
    const value = Number(text);
    if (text !== '' && Number.isFinite(value)) return value;
    throw new UsageError(`--try-threshold: expected numbers, got ${JSON.stringify(text)}`);
  });
  for (const text of fors ?? []) durationOf('try-for', text);
  for (const name of ['for', 'keep-firing-for']) {
    const text = args.values.get(name);
    if (text !== undefined) durationOf(name, text);
  }
  return {
    from: momentOf('from', from, now) / 1000,
    ...(to !== undefined && { to: momentOf('to', to, now) / 1000 }),
    ...optional('expr', args),
    ...optional('for', args),
    ...optional('keep-firing-for', args, 'keep_firing_for'),
    ...optional('timezone', args),
    ...((fors || thresholds) && {
      sweep: { ...(fors && { for: fors }), ...(thresholds && { threshold: thresholds }) },
    }),
  };
}

function optional(flag: string, args: ParsedArgs, key = flag): object {
  const value = args.values.get(flag);
  return value === undefined ? {} : { [key]: value };
}

const listOf = (args: ParsedArgs, flag: string): string[] | undefined =>
  args.values
    .get(flag)
    ?.split(',')
    .map((text) => text.trim());

/** The alerting rules of a file, as the server takes them. @throws ConfigError */
function rulesOf(file: string, io: CliIo, languages: CheckLanguages): object[] {
  const groups = readRuleFiles([path.resolve(io.cwd, file)], DEFAULT_INTERVAL_MS, {
    cwd: io.cwd,
    ...languages,
  });
  const rules = groups.flatMap((group) =>
    group.rules.flatMap((rule) => (rule.kind === 'alert' ? [writtenRule(group, rule)] : [])),
  );
  if (rules.length === 0) throw new Error(`${file}: expected alerting rules, got none`);
  return rules;
}

const writtenRule = (group: RuleGroupConfig, rule: AlertingRuleConfig): object => ({
  rule: {
    alert: rule.alert,
    expr: rule.expr,
    for: formatDuration(rule.for),
    keep_firing_for: formatDuration(rule.keep_firing_for),
    labels: rule.labels,
    annotations: rule.annotations,
  },
  group: group.name,
  interval: formatDuration(group.interval),
});

/** Asks the server; says what is wrong and gives undefined when it does not answer well. */
async function ask(
  args: ParsedArgs,
  io: CliIo,
  deps: RehearseDeps,
  body: object,
): Promise<RehearsalJson | undefined> {
  const { url: base, authorization } = destinationOf(args, io.env);
  const url = `${base}/api/rehearse`;
  try {
    const response = await deps.fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(authorization !== undefined && { authorization }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text) as RehearsalJson;
    io.stderr(`belfry: ${url}: ${errorOf(text) ?? `answered ${response.status}`}\n`);
  } catch (error) {
    io.stderr(`belfry: ${url}: ${fetchProblem(error)}\n`);
  }
  return undefined;
}

function errorOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: string }).error;
  } catch {
    return undefined;
  }
}
