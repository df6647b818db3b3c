import { useEffect, useRef, useState } from 'preact/hooks';
import { promDuration } from '../format/duration.ts';
import {
  describeRange,
  localStamp,
  PRESETS,
  parseInstant,
  type RangeText,
  shiftRange,
  widenRange,
} from '../nav/time-range.ts';
import { Icon } from '../parts/icons.tsx';
import { useSession } from '../session.ts';

const REFRESH_OPTIONS = [0, 5000, 15_000, 30_000, 60_000, 300_000];

/** What is shown and how often it is fetched again. */
export function TimeControl() {
  const { range, now, tick, clock } = useSession();
  const [isOpen, setIsOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const text = range.text.value;
  useDismiss(root, isOpen, () => setIsOpen(false));
  const choose = (next: RangeText): void => {
    range.set(next);
    setIsOpen(false);
  };

  return (
    <div class="time-control" ref={root}>
      {range.canUndo.value && (
        <button
          type="button"
          class="icon-button"
          title="Back to the range before"
          aria-label="Undo the range"
          onClick={() => range.undo()}
        >
          <Icon name="undo" />
        </button>
      )}
      <button
        type="button"
        class="button time-button"
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        <Icon name="clock" />
        <span>{describeRange(text, now.peek())}</span>
        <Icon name="chevron" />
      </button>
      <button
        type="button"
        class="icon-button"
        title={refreshTitle(range.refreshMs.value)}
        aria-label="Refresh now"
        onClick={() => {
          tick.value++;
        }}
      >
        <Icon name="refresh" />
      </button>
      {isOpen && (
        <div class="popover time-popover" role="dialog" aria-label="Time range">
          <div class="time-presets">
            {PRESETS.map(([from, label]) => (
              <button
                key={from}
                type="button"
                class="menu-item"
                aria-pressed={text.from === from && text.to === 'now'}
                onClick={() => choose({ from, to: 'now' })}
              >
                {label}
              </button>
            ))}
          </div>
          <div class="time-custom">
            <TypedRange text={text} onChoose={choose} />
            <fieldset class="segments" aria-label="Move the range">
              <button
                type="button"
                class="segment"
                title="Earlier by half"
                onClick={() => range.set(shiftRange(text, -1, clock.now()))}
              >
                <Icon name="left" /> Earlier
              </button>
              <button
                type="button"
                class="segment"
                title="Later by half"
                onClick={() => range.set(shiftRange(text, 1, clock.now()))}
              >
                Later <Icon name="right" />
              </button>
              <button
                type="button"
                class="segment"
                title="Twice as long"
                onClick={() => range.set(widenRange(text, clock.now()))}
              >
                <Icon name="zoomOut" /> Wider
              </button>
            </fieldset>
            <div class="field">
              <span id="refresh-label">Refresh</span>
              <fieldset class="segments" aria-labelledby="refresh-label">
                {REFRESH_OPTIONS.map((option) => (
                  <button
                    key={option}
                    type="button"
                    class="segment"
                    aria-pressed={range.refreshMs.value === option}
                    onClick={() => range.setRefresh(option)}
                  >
                    {option === 0 ? 'off' : promDuration(option)}
                  </button>
                ))}
              </fieldset>
            </div>
          </div>
        </div>
      )}
    </div>
  );
}

function TypedRange({ text, onChoose }: { readonly text: RangeText; onChoose(range: RangeText): void }) {
  const { clock } = useSession();
  const [from, setFrom] = useState(() => editable(text.from));
  const [to, setTo] = useState(() => editable(text.to));
  const now = clock.now();
  const start = parseInstant(from, now);
  const end = parseInstant(to, now, true);
  const problem =
    start === undefined || end === undefined
      ? 'Write now-6h, now, or 2026-11-23 07:00.'
      : start >= end
        ? 'The start must be before the end.'
        : undefined;
  return (
    <form
      class="typed-range"
      onSubmit={(event) => {
        event.preventDefault();
        if (problem === undefined) onChoose({ from: stored(from), to: stored(to) });
      }}
    >
      <label class="field">
        <span>From</span>
        <input
          class="input"
          value={from}
          spellcheck={false}
          onInput={(event) => setFrom(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>To</span>
        <input
          class="input"
          value={to}
          spellcheck={false}
          onInput={(event) => setTo(event.currentTarget.value)}
        />
      </label>
      <p class="field-note" role="status">
        {problem ?? `${localStamp(start!)} – ${localStamp(end!)}, local time`}
      </p>
      <button type="submit" class="button is-primary" disabled={problem !== undefined}>
        Show this range
      </button>
    </form>
  );
}

/** Unix ms are no way to read a time: they are edited as a local date. */
const editable = (text: string): string => (/^\d{9,}$/.test(text) ? localStamp(Number(text)) : text);

/** Dates go into the URL as Unix ms, so that a link means the same in every time zone. */
function stored(text: string): string {
  return text.trim().startsWith('now') ? text.trim() : String(parseInstant(text, 0) ?? text);
}

function refreshTitle(intervalMs: number): string {
  return intervalMs === 0 ? 'Refresh now' : `Refresh now; otherwise every ${promDuration(intervalMs)}`;
}

/** Closes a floating layer on Escape and on a press outside of it. */
export function useDismiss(
  root: { readonly current: HTMLElement | null },
  isOpen: boolean,
  close: () => void,
): void {
  useEffect(() => {
    if (!isOpen) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') close();
    };
    const onPress = (event: PointerEvent): void => {
      if (!root.current?.contains(event.target as Node)) close();
    };
    document.addEventListener('keydown', onKey);
    document.addEventListener('pointerdown', onPress);
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('pointerdown', onPress);
    };
  }, [isOpen]);
}
