import { useRef, useState } from 'preact/hooks';
import { promDuration } from '../format/duration.ts';
import type { Zone } from '../format/time.ts';
import {
  describeRange,
  PRESETS,
  parseInstant,
  pastedRange,
  type RangeText,
  shiftRange,
  stampText,
  widenRange,
} from '../nav/time-range.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { useDismiss } from '../parts/dismiss.ts';
import { Icon } from '../parts/icons.tsx';
import { useSession } from '../session.ts';

const REFRESH_OPTIONS = [0, 5000, 15_000, 30_000, 60_000, 300_000];

/** What is shown and how often it is fetched again. */
export function TimeControl() {
  const { range, now, tick, clock, zone } = useSession();
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
        <span>{describeRange(text, now.peek(), zone.shown.value)}</span>
        {zone.shown.value === 'utc' && <span class="zone-mark">UTC</span>}
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
            <TypedRange key={`${text.from} ${text.to} ${zone.shown.value}`} text={text} onChoose={choose} />
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
            <RecentRanges onChoose={choose} />
            <div class="field">
              <span id="zone-label">Clock</span>
              <fieldset class="segments" aria-labelledby="zone-label">
                {(['local', 'utc'] as const).map((option) => (
                  <button
                    key={option}
                    type="button"
                    class="segment"
                    aria-pressed={zone.shown.value === option}
                    onClick={() => zone.choose(option)}
                  >
                    {option === 'utc' ? 'UTC' : 'Local'}
                  </button>
                ))}
              </fieldset>
            </div>
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

/** Absolute ranges looked at before, newest first, in this browser. */
function RecentRanges({ onChoose }: { onChoose(range: RangeText): void }) {
  const { range, clock, zone } = useSession();
  const recent = range.recent();
  if (recent.length === 0) return null;
  return (
    <div class="recent-ranges">
      <span class="dim">Recent</span>
      {recent.map((one) => (
        <button key={`${one.from} ${one.to}`} type="button" class="menu-item" onClick={() => onChoose(one)}>
          {describeRange(one, clock.now(), zone.shown.value)}
        </button>
      ))}
    </div>
  );
}

function TypedRange({ text, onChoose }: { readonly text: RangeText; onChoose(range: RangeText): void }) {
  const { clock, zone: zones } = useSession();
  const zone = zones.shown.value;
  const [from, setFrom] = useState(() => editable(text.from, zone));
  const [to, setTo] = useState(() => editable(text.to, zone));
  const now = clock.now();
  const start = parseInstant(from, now, false, zone);
  const end = parseInstant(to, now, true, zone);
  const problem =
    start === undefined || end === undefined
      ? 'Write now-6h, now, or 2026-11-23 07:00.'
      : start >= end
        ? 'The start must be before the end.'
        : undefined;
  /** A range copied here, or from Grafana, fills both fields. */
  const paste = (event: ClipboardEvent): void => {
    const pasted = pastedRange(event.clipboardData?.getData('text') ?? '');
    if (!pasted) return;
    event.preventDefault();
    setFrom(editable(pasted.from, zone));
    setTo(editable(pasted.to, zone));
  };
  return (
    <form
      class="typed-range"
      onSubmit={(event) => {
        event.preventDefault();
        if (problem === undefined) onChoose({ from: stored(from, zone), to: stored(to, zone) });
      }}
    >
      <label class="field">
        <span>From</span>
        <input
          class="input"
          value={from}
          spellcheck={false}
          onPaste={paste}
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
        {problem ??
          `${stampText(start!, zone)} – ${stampText(end!, zone)}, ${zone === 'utc' ? 'UTC' : 'local time'}`}
      </p>
      <span class="typed-actions">
        <button type="submit" class="button is-primary" disabled={problem !== undefined}>
          Show this range
        </button>
        <CopyButton text={() => `${from} to ${to}`} label="Copy" />
      </span>
    </form>
  );
}

/** Unix ms are no way to read a time: they are edited as a date. */
const editable = (text: string, zone: Zone): string =>
  /^\d{9,}$/.test(text) ? stampText(Number(text), zone) : text;

/** Dates go into the URL as Unix ms, so that a link means the same in every time zone. */
function stored(text: string, zone: Zone): string {
  return text.trim().startsWith('now') ? text.trim() : String(parseInstant(text, 0, false, zone) ?? text);
}

function refreshTitle(intervalMs: number): string {
  return intervalMs === 0 ? 'Refresh now' : `Refresh now; otherwise every ${promDuration(intervalMs)}`;
}
