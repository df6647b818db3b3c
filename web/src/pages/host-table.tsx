import { type HostRow, shortError, targetKey } from '../data/hosts.ts';
import { lastValue } from '../data/matrix.ts';
import { valueText } from '../format/units.ts';
import { Ago } from '../parts/ago.tsx';
import { More, useGrowing } from '../parts/growing.tsx';
import { Sparkline } from '../parts/sparkline.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Value } from '../parts/value.tsx';
import { useSession } from '../session.ts';
import type { Lines, Overview } from './home-queries.ts';

interface HostTableProps {
  readonly rows: readonly HostRow[];
  readonly overview: Overview | undefined;
  /** The host whose graphs are below; undefined when there is no choice. */
  readonly selected: string | undefined;
}

/** One line per host or service: state, last scrape, and the numbers that go wrong first. */
export function HostTable({ rows, overview, selected }: HostTableProps) {
  const growth = useGrowing('');
  return (
    <div class="table-scroll">
      <table class="table row-blocks host-table">
        <thead>
          <tr>
            <th>Name</th>
            <th>Up</th>
            <th class="num">Scrape</th>
            <th class="num wide-only">Last</th>
            <th class="spark-cell">CPU</th>
            <th class="spark-cell">Memory</th>
            <th class="num">Disk</th>
            <th>Worst</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, growth.shown).map((row) => (
            <Row key={row.key} row={row} overview={overview} isSelected={row.key === selected} />
          ))}
        </tbody>
      </table>
      <More growth={growth} count={rows.length} what="hosts and services" isOnRequest />
    </div>
  );
}

interface RowProps {
  readonly row: HostRow;
  readonly overview: Overview | undefined;
  readonly isSelected: boolean;
}

function Row({ row, overview, isSelected }: RowProps) {
  const { isHost } = row;
  const { router, range } = useSession();
  const cpu = isHost ? linesOf(overview?.hostCpu, row) : linesOf(overview?.processCpu, row);
  const memory = isHost ? linesOf(overview?.hostMemory, row) : linesOf(overview?.processMemory, row);
  const disk = linesOf(overview?.hostDisk, row);
  const to = isHost
    ? `/${withHost(range.carry.value, row.key)}`
    : `/targets?job=${encodeURIComponent(row.job)}`;
  return (
    <tr class={isSelected ? 'is-selected' : undefined}>
      <th scope="row" class="host-name">
        <StateMark state={row.health} word={stateWord(row)} />
        <a href={router.href(to)} title={isHost ? `Graphs of ${row.name}` : `Targets of ${row.job}`}>
          {row.name}
        </a>
        {isHost && <span class="dim">{row.job}</span>}
        {row.targets.length > 1 && <span class="dim">{row.targets.length} instances</span>}
      </th>
      <td data-label="Up">
        <UpMarks row={row} />
      </td>
      <td class="num" data-label="Scrape">
        <Value value={row.scrapeSeconds ?? null} unit="s" />
      </td>
      <td class="num wide-only dim" data-label="Last">
        <Ago time={row.lastScrape} />
      </td>
      <SparkCell label="CPU" values={cpu} unit="percentunit" max={isHost ? 1 : undefined} name={row.name} />
      <SparkCell
        label="Memory"
        values={memory}
        unit={isHost ? 'percentunit' : 'bytes'}
        max={isHost ? 1 : undefined}
        name={row.name}
      />
      <td class={disk ? 'num' : 'num is-empty'} data-label="Disk">
        <DiskValue values={disk} />
      </td>
      <td
        class={row.alerts.length === 0 && row.lastError === '' ? 'host-worst is-empty' : 'host-worst'}
        data-label="Worst"
      >
        {worstOf(row)}
      </td>
    </tr>
  );
}

/** A mark for each instance, or a count when there are many. */
function UpMarks({ row }: { readonly row: HostRow }) {
  if (row.targets.length > 5) {
    return (
      <span class={row.up < row.targets.length ? 'text-firing' : undefined}>
        {row.up} of {row.targets.length}
      </span>
    );
  }
  return (
    <span class="up-marks">
      {row.targets.map((target) => (
        <StateMark
          key={targetKey(target.labels.job, target.labels.instance) + target.scrapeUrl}
          state={target.health === 'up' ? 'ok' : target.health === 'down' ? 'firing' : 'unknown'}
          word={`${target.labels.instance ?? target.scrapeUrl}: ${target.health}`}
        />
      ))}
    </span>
  );
}

interface SparkCellProps {
  readonly label: string;
  readonly name: string;
  readonly values: readonly (number | null)[] | undefined;
  readonly unit: string;
  readonly max: number | undefined;
}

function SparkCell({ label, name, values, unit, max }: SparkCellProps) {
  const now = values ? lastValue(values) : null;
  return (
    <td class={now === null ? 'spark-cell is-empty' : 'spark-cell'} data-label={label}>
      {values && now !== null ? (
        <span class="spark-with-value">
          <Sparkline
            values={values}
            min={0}
            max={max}
            label={`${label} of ${name}: now ${valueText(now, unit)}`}
          />
          <Value value={now} unit={unit} decimals={unit === 'percentunit' ? 0 : undefined} />
        </span>
      ) : (
        <span class="faint">–</span>
      )}
    </td>
  );
}

function DiskValue({ values }: { readonly values: readonly (number | null)[] | undefined }) {
  const now = values ? lastValue(values) : null;
  if (now === null) return <span class="faint">–</span>;
  const level = now >= 0.9 ? 'text-firing' : now >= 0.8 ? 'text-pending' : undefined;
  return (
    <span class={level}>
      <Value value={now} unit="percentunit" decimals={0} />
    </span>
  );
}

function stateWord(row: HostRow): string {
  const failing = row.targets.length - row.up;
  if (row.targets.some((target) => target.health === 'down'))
    return failing === row.targets.length ? 'down' : `${failing} down`;
  return row.health === 'unknown' ? 'not scraped yet' : row.health;
}

function worstOf(row: HostRow) {
  if (row.lastError !== '')
    return (
      <span class="text-firing" title={row.lastError}>
        no answer: {shortError(row.lastError)}
      </span>
    );
  const alert = row.alerts.find((candidate) => candidate.state === 'firing') ?? row.alerts[0];
  if (!alert) return <span class="faint">–</span>;
  return (
    <span class={alert.state === 'firing' ? 'text-firing' : 'text-pending'}>{alert.labels.alertname}</span>
  );
}

/** The lines of the row's targets; of several, their sum. */
function linesOf(lines: Lines | undefined, row: HostRow): readonly (number | null)[] | undefined {
  const found = row.targets
    .map((target) => lines?.get(targetKey(target.labels.job, target.labels.instance)))
    .filter((values) => values !== undefined);
  if (found.length < 2) return found[0];
  return found[0]!.map((_, i) => {
    const known = found.map((values) => values[i]).filter((value) => value !== null && value !== undefined);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  });
}

function withHost(carry: string, key: string): string {
  const query = new URLSearchParams(carry);
  query.set('host', key);
  return `?${query}`;
}
