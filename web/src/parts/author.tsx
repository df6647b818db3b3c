import { useState } from 'preact/hooks';
import { useSession } from '../session.ts';

const AUTHOR_KEY = 'belfry.author';

/** Who writes: the login's name, or what was typed the last time. */
export interface Author {
  readonly name: string;
  /** As it stands in the field, where a space may be the middle of a name. */
  readonly typed: string;
  /** The name is the login's and cannot be changed. */
  readonly isKnown: boolean;
  set(typed: string): void;
  /** Keeps the typed name for the next time. */
  keep(): void;
}

export function useAuthor(): Author {
  const { me } = useSession();
  const user = me.data.value?.kind === 'user' ? me.data.value.name : undefined;
  const [typed, setTyped] = useState(keptName);
  return {
    name: user ?? typed.trim(),
    typed: user ?? typed,
    isKnown: user !== undefined,
    set: setTyped,
    keep() {
      if (user === undefined) keepName(typed.trim());
    },
  };
}

/** The author's name as a field of a dialog. */
export function AuthorField({ author }: { readonly author: Author }) {
  return (
    <label class="field">
      <span>Who</span>
      <input
        class="input"
        value={author.typed}
        readOnly={author.isKnown}
        autocomplete="username"
        placeholder="your name"
        onInput={(event) => author.set(event.currentTarget.value)}
      />
    </label>
  );
}

function keptName(): string {
  try {
    return localStorage.getItem(AUTHOR_KEY) ?? '';
  } catch {
    return '';
  }
}

function keepName(name: string): void {
  try {
    localStorage.setItem(AUTHOR_KEY, name);
  } catch {
    // Storage is switched off: the name is typed each time.
  }
}
