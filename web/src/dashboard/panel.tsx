import { useMemo, useRef } from 'preact/hooks';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { isSame } from '../data/same.ts';
import { durationText } from '../format/duration.ts';
import { Icon } from '../parts/icons.tsx';
import { useNearView } from '../parts/near-view.ts';
import { ErrorNote, Skeleton } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import type { TimeMarks } from './annotations.ts';
import { BarPanel } from './bar-panel.tsx';
import { BarGaugePanel, GaugePanel } from './gauge-panel.tsx';
import { HeatPanel } from './heat-panel.tsx';
import { AlertListPanel, DashboardListPanel } from './list-panels.tsx';
import { loadPanel, type PanelContext, type PanelData } from './panel-data.ts';
import { PanelTools } from './panel-tools.tsx';
import { PiePanel } from './pie-panel.tsx';
import type { ShownPanel } from './repeat.ts';
import { SeriesPanel } from './series-panel.tsx';
import { StatPanel } from './stat-panel.tsx';
import { StatePanel } from './state-panel.tsx';
import { type Choices, substitute } from './substitute.ts';
import { TablePanel } from './table-panel.tsx';
import { TextPanel } from './text-panel.tsx';

/** What all panels of a dashboard have in common. */
export interface PanelSurroundings {
  /** Of the crosshair; empty for one of each panel's own. */
  readonly syncKey: string;
  readonly isTipShared: boolean;
  readonly marks: TimeMarks;
}

interface PanelProps extends PanelSurroundings {
  readonly shown: ShownPanel;
  /** Of the section's first grid row. */
  readonly top: number;
  /** It fills the page. */
  readonly isAlone: boolean;
}

/** A panel in the grid. It asks for data only once it comes near the view, and again only while it is there. */
export function Panel({ shown, top, isAlone, syncKey, isTipShared, marks }: PanelProps) {
  const { panel, choices, name } = shown;
  const root = useRef<HTMLElement>(null);
  const isNear = useNearView(root) || useSession().theme.isPaper.value;
  // Of hundreds of panels most are never looked at: until then one is a title and an empty box.
  const wasNear = useRef(false);
  if (isNear) wasNear.current = true;
  const data = useRef<PanelData | undefined>(undefined);
  const { x, y, w, h } = panel.gridPos;
  const title = substitute(panel.title, choices, {}, 'text');
  const isLive = !panel.unsupported && !panel.text && panel.type !== 'alertlist' && panel.type !== 'dashlist';
  return (
    <section
      ref={root}
      class={`dash-panel${isAlone ? ' is-alone' : ''}${panel.isTransparent ? ' is-transparent' : ''}`}
      aria-label={title || panel.type}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys act on the panel that has the focus, as in a feed of articles
      tabIndex={0}
      data-panel={name}
      style={{ '--x': String(x + 1), '--y': String(y - top + 1), '--w': String(w), '--h': String(h) }}
    >
      <div class={title === '' && panel.description === '' ? 'panel-head is-bare' : 'panel-head'}>
        {(title !== '' || panel.description !== '') && (
          <h2 class="panel-title" title={title}>
            {title}
            {panel.time && !panel.time.isHidden && (
              <span class="panel-time">{timeNote(panel.time, choices)}</span>
            )}
            {panel.description !== '' && wasNear.current && (
              <span class="panel-info" title={panel.description} role="img" aria-label={panel.description}>
                <Icon name="info" />
              </span>
            )}
          </h2>
        )}
        {wasNear.current && (
          <PanelTools shown={shown} isAlone={isAlone} {...(isLive ? { dataOf: () => data.current } : {})} />
        )}
      </div>
      <div class="panel-body">
        {!wasNear.current ? null : panel.unsupported ? (
          <p class="panel-empty">{panel.warnings?.join(' ')}</p>
        ) : panel.type === 'alertlist' ? (
          <AlertListPanel panel={panel} />
        ) : panel.type === 'dashlist' ? (
          <DashboardListPanel panel={panel} />
        ) : panel.text ? (
          <TextPanel text={{ ...panel.text, content: substitute(panel.text.content, choices, {}, 'text') }} />
        ) : (
          <LivePanel
            shown={shown}
            isNear={isNear}
            syncKey={syncKey === '' ? `panel-${shown.key}` : syncKey}
            isTipShared={isTipShared}
            marks={marks}
            onData={(loaded) => {
              data.current = loaded;
            }}
          />
        )}
      </div>
      {!panel.unsupported && panel.warnings && <p class="panel-warning">{panel.warnings.join(' ')}</p>}
    </section>
  );
}

/** What a panel's own time is: "last 7 d", "1 d earlier". */
function timeNote({ from, shift }: NonNullable<PanelModel['time']>, choices: Choices): string {
  const words = (text: string): string =>
    substitute(text, choices, {})
      .replace(/^now-/, '')
      .replace(/(\d+)(\w)/, '$1 $2');
  return [from !== '' && `last ${words(from)}`, shift !== '' && `${words(shift)} earlier`]
    .filter(Boolean)
    .join(', ');
}

interface LivePanelProps extends PanelSurroundings {
  readonly shown: ShownPanel;
  readonly isNear: boolean;
  onData(data: PanelData | undefined): void;
}

function LivePanel({ shown, isNear, syncKey, isTipShared, marks, onData }: LivePanelProps) {
  const { panel, choices, name } = shown;
  const { queries, range, tick, now, startedAt, scrapeSeconds } = useSession();
  const seenTick = useRef(-1);
  if (isNear) seenTick.current = tick.value;
  const held = useRef<PanelData>(undefined);
  const resource = useResource(
    async (abort): Promise<PanelData | undefined> => {
      if (seenTick.current < 0) return undefined;
      const context: PanelContext = {
        queries,
        range: range.resolve(),
        choices,
        width: (panel.gridPos.w / 24) * Math.max(320, window.innerWidth - 48),
        scrapeSeconds: scrapeSeconds(),
        startedAt,
      };
      const next = await loadPanel(panel, context, abort);
      return held.current && panel.graph && !isWaiting(next, startedAt()) && saysTheSame(held.current, next)
        ? held.current
        : next;
    },
    [panel, choices, range.text.value, seenTick.current],
    { live: false, isEmpty: (answer) => answer !== undefined && isWaiting(answer, startedAt()) },
  );
  const data = resource.data.value;
  const error = resource.error.value;
  held.current = data;
  onData(data);
  // A tick alone changes nothing that is drawn: the answer to it does.
  const drawing = useMemo(
    () =>
      data && (
        <Drawing
          panel={panel}
          data={data}
          choices={choices}
          stateKey={name}
          syncKey={syncKey}
          isTipShared={isTipShared}
          marks={marks}
        />
      ),
    [panel, data, choices, name, syncKey, isTipShared, marks],
  );
  if (!data) {
    return error ? (
      <ErrorNote what="" error={error} retry={() => void resource.refresh()} />
    ) : (
      <Skeleton rows={1} height={Math.max(40, panel.gridPos.h * 38 - 60)} />
    );
  }
  const since = error && resource.fetchedAt.value;
  return (
    <>
      {error && since !== undefined && (
        <p class="stale" role="status" title={error.message}>
          <Icon name="clock" /> {durationText(now.value - since)} old: {error.message}
        </p>
      )}
      {data.warnings.length > 0 && (
        <p class="panel-note" title={data.warnings.join('\n')}>
          {data.warnings[0]}
        </p>
      )}
      {drawing}
    </>
  );
}

/** Between two steps of its grid a graph has nothing new: it need not be drawn again to move by less than a point. */
const saysTheSame = ({ range: _, ...before }: PanelData, { range: __, ...now }: PanelData): boolean =>
  isSame(before, now);

/** Nothing yet, of a server that has just started: worth asking again soon, whatever the dashboard's refresh. */
const isWaiting = ({ series, frames, range }: PanelData, startedAt: number | undefined): boolean =>
  series.length === 0 &&
  frames.every(({ fields }) => fields.every(({ values }) => values.length === 0)) &&
  startedAt !== undefined &&
  range.to - startedAt < 60_000;

interface DrawingProps extends PanelSurroundings {
  readonly panel: PanelModel;
  readonly data: PanelData;
  readonly choices: Choices;
  readonly stateKey: string;
}

function Drawing({ panel, data, choices, ...around }: DrawingProps) {
  switch (panel.type) {
    case 'stat':
      return <StatPanel panel={panel} data={data} />;
    case 'gauge':
      return <GaugePanel panel={panel} data={data} />;
    case 'bargauge':
      return <BarGaugePanel panel={panel} data={data} />;
    case 'table':
      return <TablePanel panel={panel} data={data} choices={choices} />;
    case 'heatmap':
      return <HeatPanel panel={panel} data={data} />;
    case 'piechart':
      return <PiePanel panel={panel} data={data} />;
    case 'barchart':
    case 'histogram':
      return <BarPanel panel={panel} data={data} />;
    case 'state-timeline':
    case 'status-history':
      return <StatePanel panel={panel} data={data} />;
    default:
      return <SeriesPanel panel={panel} data={data} {...around} />;
  }
}
