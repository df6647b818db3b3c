import type { Health } from '../data/hosts.ts';

const WORDS: Readonly<Record<Health, string>> = {
  ok: 'ok',
  pending: 'pending',
  firing: 'firing',
  unknown: 'unknown',
};

interface StateMarkProps {
  readonly state: Health;
  /** The word for it, where "firing" would be the wrong one ("down"). */
  readonly word?: string;
  /** Whether the word stands beside the shape; otherwise it is for screen readers and the tooltip. */
  readonly showWord?: boolean;
}

/** A state by shape, colour and word: dot, ring, filled triangle, dashed ring. */
export function StateMark({ state, word = WORDS[state], showWord = false }: StateMarkProps) {
  return (
    <span class={`state state-${state}`} title={showWord ? undefined : word}>
      <svg class="state-shape" viewBox="0 0 12 12" aria-hidden="true">
        {state === 'ok' && <circle class="state-solid" cx="6" cy="6" r="3.5" />}
        {state === 'pending' && <circle class="state-ring" cx="6" cy="6" r="3.75" />}
        {state === 'firing' && <path class="state-solid" d="M6 1.2 11.3 10.5H.7z" />}
        {state === 'unknown' && <circle class="state-ring is-dashed" cx="6" cy="6" r="3.75" />}
      </svg>
      <span class={showWord ? 'state-word' : 'sr-only'}>{word}</span>
    </span>
  );
}
