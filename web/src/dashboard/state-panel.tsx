import { useRef } from 'preact/hooks';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { TimeRuler } from '../chart/time-ruler.tsx';
import { timeText } from '../format/time.ts';
import { useSize } from '../parts/size-of.ts';
import { useSession } from '../session.ts';
import { stateSpans } from './buckets.ts';
import { inkOn } from './colors.ts';
import { displayValue } from './display.ts';
import { nameWidth } from './gauge-panel.tsx';
import type { PanelData } from './panel-data.ts';
import { isHidden, withSettings } from './settings.ts';

/** Most cells of a status history's row: more cannot be told apart. */
const MAX_CELLS = 120;

/** Most pixels of a row with the room around it. */
const ROW_ROOM = 44;

/** Rows of states over time: a timeline merges what is equal, a history shows each step. */
export function StatePanel({ panel, data }: { readonly panel: PanelModel; readonly data: PanelData }) {
  const { theme, now, zone } = useSession();
  const tracks = useRef<HTMLDivElement>(null);
  const { width } = useSize(tracks, data);
  const shown = theme.shown.value;
  const rows = data.series.filter(
    ({ settings, values }) => !isHidden(settings) && values.some((value) => value !== null),
  );
  if (rows.length === 0) return <p class="panel-empty">No data in this range.</p>;
  const [from, to] = [data.range.from / 1000, data.range.to / 1000];
  const isHistory = panel.type === 'status-history';
  const { rowShare = 0.9, cellShare = 0.9 } = panel.states ?? {};
  const stamp = (time: number): string => timeText(time * 1000, now.peek(), zone.shown.value);
  const place = (time: number): number => Math.min(100, Math.max(0, ((time - from) / (to - from)) * 100));
  return (
    <div class="states" style={{ '--name': nameWidth(rows.map(({ name }) => name)) }}>
      <div
        class="states-rows"
        style={{
          '--row': `${Math.round(ROW_ROOM * rowShare)}px`,
          '--row-gap': `${Math.round(ROW_ROOM * (1 - rowShare))}px`,
        }}
      >
        {rows.map((row, i) => {
          const own = withSettings(panel, row.settings);
          const look = (value: number) => displayValue(value, own, shown);
          const isSame = (a: number, b: number): boolean => {
            if (isHistory || panel.states?.mergeEqual === false) return false;
            const [x, y] = [look(a), look(b)];
            return a === b || (x.text === y.text && x.color === y.color);
          };
          const thinned = isHistory ? thin(row.times, row.values) : row;
          const step = isHistory ? data.step * cellSteps(row.times.length) : data.step;
          return (
            <div key={row.name} class="states-row">
              <span class="states-name" title={row.name}>
                {row.name}
              </span>
              <div
                class={
                  isHistory ? 'states-track is-history' : `states-track is-${panel.states?.align ?? 'left'}`
                }
                ref={i === 0 ? tracks : undefined}
              >
                {stateSpans(thinned.times, thinned.values, step, isSame).map((span) => {
                  const { text, unit, color } = look(span.value);
                  const room = place(span.to) - place(span.from);
                  if (room <= 0) return null;
                  const share = isHistory ? room * cellShare : room;
                  const left = place(span.from) + (room - share) / 2;
                  const label = `${text}${unit === '' ? '' : ` ${unit}`}`;
                  return (
                    <span
                      key={span.from}
                      class="states-span"
                      title={`${label}, ${stamp(span.from)} to ${stamp(span.to)}`}
                      style={{
                        left: `${left}%`,
                        // Where cells are small, a pixel between them is still seen.
                        width: share < room ? `min(${share}%, ${room}% - 1px)` : `${share}%`,
                        background: color ?? 'var(--faint)',
                        ...(color ? { color: inkOn(color) } : {}),
                      }}
                    >
                      {panel.states?.showValue && (share / 100) * width > label.length * 7 + 8 && label}
                    </span>
                  );
                })}
              </div>
            </div>
          );
        })}
      </div>
      <div class="states-row">
        <span class="states-name" />
        <TimeRuler from={from} to={to} width={width} />
      </div>
    </div>
  );
}

/** How many steps one cell stands for. */
const cellSteps = (steps: number): number => Math.max(1, Math.ceil(steps / MAX_CELLS));

/** The last value of every so many steps. */
function thin(
  times: readonly number[],
  values: readonly (number | null)[],
): { times: readonly number[]; values: readonly (number | null)[] } {
  const every = cellSteps(times.length);
  if (every <= 1) return { times, values };
  const starts = times.filter((_, i) => i % every === 0);
  return {
    times: starts,
    values: starts.map(
      (_, i) => values.slice(i * every, (i + 1) * every).findLast((value) => value !== null) ?? null,
    ),
  };
}
