import { useState } from 'preact/hooks';
import type { LogEvent } from '../data/api.ts';
import { exactText, timeText } from '../format/time.ts';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const SHOWN = 200;

/** The end of Belfry's own log: all of it, or what was written in the page's time range, such as one dragged over in a graph. */
export function LogView() {
  const { api, router, range } = useSession();
  const query = router.query.value;
  const level = LEVELS.find((one) => one === query.get('log')) ?? 'info';
  const isRange = query.has('log-range');
  const rangeText = range.text.value;
  const [search, setSearch] = useState('');
  const events = useResource(
    (abort) => {
      const { from, to } = range.resolve();
      return api.log(
        {
          level,
          limit: String(SHOWN),
          ...(search.trim() === '' ? {} : { search: search.trim() }),
          ...(isRange ? { from: String(Math.floor(from)), to: String(Math.ceil(to)) } : {}),
        },
        abort,
      );
    },
    [level, isRange, search, isRange ? `${rangeText.from} ${rangeText.to}` : ''],
  );
  return (
    <section>
      <div class="section-head">
        <h2 class="section-title">Log</h2>
        <input
          class="input search-input"
          type="search"
          aria-label="Find lines of the log"
          placeholder="Find by words"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <fieldset class="segments" aria-label="Least level">
          {LEVELS.map((one) => (
            <button
              key={one}
              type="button"
              class="segment"
              aria-pressed={level === one}
              onClick={() => router.setQuery({ log: one === 'info' ? undefined : one })}
            >
              {one}
            </button>
          ))}
        </fieldset>
        <button
          type="button"
          class="segment"
          aria-pressed={isRange}
          onClick={() => router.setQuery({ 'log-range': isRange ? undefined : '1' })}
        >
          Only the time range
        </button>
      </div>
      <View resource={events} what="The log" skeleton={<Skeleton rows={6} height={22} />}>
        {(list) =>
          list.length === 0 ? (
            <Empty title="No line matches.">The newest 2,000 lines since the start are kept here.</Empty>
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
            <ol class="log-lines" tabIndex={0} aria-label="Lines of the log, newest first">
              {list.map((event) => (
                <Line key={event.id} event={event} />
              ))}
            </ol>
          )
        }
      </View>
    </section>
  );
}

const COLORS = { debug: 'dim', info: 'dim', warn: 'text-pending', error: 'text-firing' } as const;

function Line({ event: { at, level, text } }: { readonly event: LogEvent }) {
  const { now, zone } = useSession();
  return (
    <li class="log-line">
      <time class="dim" dateTime={new Date(at).toISOString()} title={exactText(at, zone.shown.value)}>
        {timeText(at, now.peek(), zone.shown.value)}
      </time>{' '}
      <span class={COLORS[level]}>{level}</span> <span class="log-text">{text}</span>
    </li>
  );
}
