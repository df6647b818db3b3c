import { nearest } from '../config/nearest.ts';

/** One flag of a subcommand. Names are given without dashes; the first is the one shown in help. */
export interface FlagSpec {
  readonly names: readonly string[];
  readonly kind: 'value' | 'boolean' | 'repeated';
  readonly help: string;
  /** Shown in help after the flag, such as `FILE`. */
  readonly placeholder?: string;
  /** Accepted for the sake of people's unit files; says why it changes nothing. */
  readonly ignored?: string;
}

export interface ParsedArgs {
  /** By the flag's first name. */
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly switches: ReadonlyMap<string, boolean>;
  readonly positional: readonly string[];
  readonly warnings: readonly string[];
}

/** A mistake on the command line; exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/**
 * Reads arguments in Prometheus' spelling: `--name=value`, `--name value`, `--flag`, `--no-flag`, `--` ends the flags; one dash is
 * taken for two.
 * @throws UsageError for an unknown flag (with the nearest known one), a missing value or a value too many
 */
export function parseArgs(argv: readonly string[], specs: readonly FlagSpec[]): ParsedArgs {
  const byName = new Map(specs.flatMap((spec) => spec.names.map((name) => [name, spec] as const)));
  const values = new Map<string, string>();
  const lists = new Map<string, string[]>();
  const switches = new Map<string, boolean>();
  const positional: string[] = [];
  const warnings: string[] = [];

  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (argument === '--') {
      positional.push(...argv.slice(i + 1));
      break;
    }
    if (!argument.startsWith('-') || argument === '-') {
      positional.push(argument);
      continue;
    }
    const equals = argument.indexOf('=');
    const name = argument.slice(argument.startsWith('--') ? 2 : 1, equals < 0 ? undefined : equals);
    const negated = name.startsWith('no-') && byName.get(name.slice(3))?.kind === 'boolean';
    const spec = byName.get(negated ? name.slice(3) : name);
    if (!spec) throw new UsageError(`unknown flag --${name}${suggestion(name, [...byName.keys()])}`);
    if (spec.ignored !== undefined) warnings.push(`--${name} has no effect: ${spec.ignored}`);
    const key = spec.names[0]!;
    if (spec.kind === 'boolean') {
      const text = equals < 0 ? 'true' : argument.slice(equals + 1);
      if (text !== 'true' && text !== 'false')
        throw new UsageError(`--${name}: expected true or false, got ${JSON.stringify(text)}`);
      switches.set(key, (text === 'true') !== negated);
      continue;
    }
    const value = equals < 0 ? argv[++i] : argument.slice(equals + 1);
    if (value === undefined)
      throw new UsageError(`--${name}: expected a ${spec.placeholder ?? 'value'}, got nothing`);
    if (spec.kind === 'repeated') lists.set(key, [...(lists.get(key) ?? []), value]);
    else if (values.has(key)) throw new UsageError(`--${name} is given twice`);
    else values.set(key, value);
  }
  return { values, lists, switches, positional, warnings };
}

/** Help text of the flags, one line each. */
export function describeFlags(specs: readonly FlagSpec[]): string {
  const shown = specs.filter((spec) => spec.ignored === undefined);
  const heads = shown.map(
    (spec) => `--${spec.names[0]}${spec.kind === 'boolean' ? '' : ` ${spec.placeholder ?? 'VALUE'}`}`,
  );
  const width = Math.max(...heads.map((head) => head.length));
  return shown
    .map((spec, i) => {
      const also = spec.names.slice(1).map((name) => (name.length === 1 ? `-${name}` : `--${name}`));
      return `  ${heads[i]!.padEnd(width)}  ${spec.help}${also.length > 0 ? ` (also ${also.join(', ')})` : ''}`;
    })
    .join('\n');
}

/** ` (did you mean --x?)` when a known name is near enough. */
export function suggestion(name: string, known: readonly string[]): string {
  const best = nearest(name, known);
  return best === undefined ? '' : ` (did you mean --${best}?)`;
}
