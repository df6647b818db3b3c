export type Environment = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  readonly text: string;
  /** Variables without value and default; they stay as written. */
  readonly unset: readonly string[];
}

const BRACED = /\$\$|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g;
const BRACED_OR_BARE = /\$\$|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}|\$([A-Za-z_]\w*)/g;

/**
 * Expands `${VAR}` and `${VAR:-default}`; `$$` is a dollar. Groups of regular expressions (`$1`, `${1}`) are left alone.
 * With `bare`, `$VAR` is expanded as well, as upstream does in external labels. As in a shell, the default also stands for an
 * empty variable.
 */
export function expandEnv(text: string, env: Environment, { bare = false } = {}): Expansion {
  if (!text.includes('$')) return { text, unset: [] };
  const unset: string[] = [];
  const expanded = text.replace(bare ? BRACED_OR_BARE : BRACED, (whole, braced, fallback, plain) => {
    if (whole === '$$') return '$';
    const name: string = braced ?? plain;
    const value = env[name];
    if (fallback !== undefined) return value || fallback;
    if (value !== undefined) return value;
    unset.push(name);
    return whole;
  });
  return { text: expanded, unset };
}
