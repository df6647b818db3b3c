import { useEffect, useRef, useState } from 'preact/hooks';

/** Rows drawn at first, more than a tall screen shows, and how many come each time. */
const FIRST = 40;
const STEP = 60;

/** How many rows of a long list are drawn, and how more of them come. */
export interface Growth {
  readonly shown: number;
  more(all?: boolean): void;
}

/**
 * Of a long list only the first rows are drawn until more are wanted; `More` stands after them.
 * @param about what the list is of, such as a filter's text: when it changes, the list begins anew
 */
export function useGrowing(about: string): Growth {
  const [grown, setGrown] = useState({ about, shown: FIRST });
  const shownOf = (now: typeof grown): number => (now.about === about ? now.shown : FIRST);
  return {
    shown: shownOf(grown),
    // From what is there by then: the end of the list may come near the view while all of it is asked for.
    more: (all = false) =>
      setGrown((now) => ({ about, shown: all ? Number.POSITIVE_INFINITY : shownOf(now) + STEP })),
  };
}

interface MoreProps {
  readonly growth: Growth;
  /** Rows of the whole list. */
  readonly count: number;
  /** What they are. */
  readonly what: string;
  /** Only the button brings more: something stands below the list. */
  readonly isOnRequest?: boolean;
}

/** The end of what is drawn of a list. The next rows come as it nears the view; the button brings all, for the browser's own search. */
export function More({ growth, count, what, isOnRequest = false }: MoreProps) {
  const root = useRef<HTMLDivElement>(null);
  const { shown } = growth;
  useEffect(() => {
    const element = root.current;
    if (!element || isOnRequest) return;
    // Made anew each time the list has grown: it tells at once whether its end is still near.
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.at(-1)?.isIntersecting) growth.more();
      },
      { rootMargin: '50% 0px' },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [shown, count, isOnRequest]);
  if (count <= shown) return null;
  return (
    <div class="list-rest" ref={root}>
      <button type="button" class="button is-small" onClick={() => growth.more(true)}>
        Show all {count} {what}
      </button>
    </div>
  );
}
