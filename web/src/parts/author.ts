import { useState } from 'preact/hooks';
import { useSession } from '../session.ts';

const AUTHOR_KEY = 'belfry.author';

/** Who writes: the login's name, or what was typed the last time. */
export interface Author {
  readonly name: string;
  /** The name is the login's and cannot be changed. */
  readonly isKnown: boolean;
  set(name: string): void;
  /** Keeps the typed name for the next time. */
  keep(): void;
}

export function useAuthor(): Author {
  const { me } = useSession();
  const user = me.data.value?.kind === 'user' ? me.data.value.name : undefined;
  const [typed, setTyped] = useState(() => localStorage.getItem(AUTHOR_KEY) ?? '');
  return {
    name: user ?? typed.trim(),
    isKnown: user !== undefined,
    set: setTyped,
    keep() {
      if (user === undefined) localStorage.setItem(AUTHOR_KEY, typed.trim());
    },
  };
}
