import type { LabelMap, MatrixSeries, QueryResult, VectorSample } from '../data/api-types.ts';
import { parseSample } from '../data/matrix.ts';
import { timeText, type Zone } from '../format/time.ts';
import { formatNumber } from '../format/units.ts';
import { Empty } from '../parts/view-state.tsx';
import { useSession } from '../session.ts';

const MAX_ROWS = 1000;

/** An instant answer: one row per series, the value as the server wrote it in the tooltip. */
export function ResultTable({ result }: { readonly result: QueryResult }) {
  const { now, zone } = useSession();
  if (result.resultType === 'scalar' || result.resultType === 'string') {
    return (
      <p class="scalar-result">
        {result.resultType === 'scalar' ? formatNumber(parseSample(result.result[1])) : result.result[1]}
      </p>
    );
  }
  if (result.result.length === 0) {
    return <Empty title="The answer is empty.">No series matches at this time.</Empty>;
  }
  const samples = result.result as readonly (MatrixSeries | VectorSample)[];
  const rows = samples
    .slice(0, MAX_ROWS)
    .map((sample) => ({ metric: sample.metric, cells: cellsOf(sample, now.peek(), zone.shown.value) }));
  return (
    <div class="table-scroll">
      {result.result.length > MAX_ROWS && (
        <p class="note">
          The first {MAX_ROWS} of {result.result.length} rows.
        </p>
      )}
      <table class="table result-table">
        <thead>
          <tr>
            <th>Series</th>
            <th class="num">Value</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ metric, cells }) => (
            <tr key={JSON.stringify(metric)}>
              <td class="mono">
                <SeriesName labels={metric} />
              </td>
              <td class="num">
                {cells.map(({ text, exact }) => (
                  <div key={exact} title={exact}>
                    {text}
                  </div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellsOf(
  sample: MatrixSeries | VectorSample,
  now: number,
  zone: Zone,
): { text: string; exact: string }[] {
  const stamp = (time: number): string => timeText(time * 1000, now, zone);
  if ('value' in sample && sample.value) {
    const [time, value] = sample.value;
    return [{ text: value, exact: `at ${stamp(time)}` }];
  }
  if ('histogram' in sample && sample.histogram) {
    const [time, { count, sum }] = sample.histogram;
    return [{ text: `histogram: count ${count}, sum ${sum}`, exact: `at ${stamp(time)}` }];
  }
  const values = 'values' in sample ? (sample.values ?? []) : [];
  return values.map(([time, value]) => ({
    text: `${value} @ ${stamp(time)}`,
    exact: `${value} @ ${time}`,
  }));
}

function SeriesName({ labels }: { readonly labels: LabelMap }) {
  const { __name__: name, ...rest } = labels;
  const pairs = Object.entries(rest);
  return (
    <>
      <span class="series-name">{name}</span>
      {pairs.length > 0 && <span class="faint">{'{'}</span>}
      {pairs.map(([label, value], i) => (
        <span key={label}>
          <span class="dim">{label}=</span>
          <span>{JSON.stringify(value)}</span>
          {i < pairs.length - 1 && <span class="faint">, </span>}
        </span>
      ))}
      {pairs.length > 0 && <span class="faint">{'}'}</span>}
      {pairs.length === 0 && name === undefined && <span class="faint">{'{}'}</span>}
    </>
  );
}
