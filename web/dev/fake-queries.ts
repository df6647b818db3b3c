import type { FakeAnswer } from './fake-api.ts';
import { fakeSeries } from './fake-metrics.ts';

export function range(query: URLSearchParams): unknown[] {
  const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(query.get(name))) as [
    number,
    number,
    number,
  ];
  return fakeSeries(query.get('query') ?? '').map(({ metric, at }) => {
    const values: [number, string][] = [];
    for (let time = start; time <= end + 1e-6; time += step) {
      const value = at(time);
      if (value !== undefined) values.push([time, String(value)]);
    }
    return { metric, values };
  });
}

export function instant(query: URLSearchParams, now: number): FakeAnswer {
  const expr = query.get('query') ?? '';
  if (/[({[]$/.test(expr.trim())) {
    return {
      status: 400,
      body: {
        status: 'error',
        errorType: 'bad_data',
        error: 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
      },
    };
  }
  const time = query.has('time') ? Number(query.get('time')) : now / 1000;
  const result = fakeSeries(expr).map(({ metric, at }) => ({ metric, value: [time, String(at(time) ?? 0)] }));
  return { status: 200, body: { status: 'success', data: { resultType: 'vector', result } } };
}

export function labelValues(path: string): string[] {
  const name = decodeURIComponent(path.split('/')[4] ?? '');
  if (name === 'job') return ['backend', 'belfry', 'node', 'postgres', 'redis'];
  if (name === 'instance') return ['host-1:9100', 'host-2:9100'];
  return ['a', 'b', 'c'];
}
