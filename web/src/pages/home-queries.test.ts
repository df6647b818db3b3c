import { expect, test } from 'vitest';
import { runScript } from '../../../src/promql/testlang/runner.ts';
import { QUERIES, rateWindow } from './home-queries.ts';

const script = (at: string, expr: string, value: number): string => `
load 15s
  node_cpu_seconds_total{job="n", instance="a", cpu="0", mode="idle"} 700+12x8
  node_cpu_seconds_total{job="n", instance="a", cpu="0", mode="user"} 400+3x8
  node_cpu_seconds_total{job="n", instance="a", cpu="1", mode="idle"} 900+9x8
  node_cpu_seconds_total{job="n", instance="a", cpu="1", mode="user"} 300+6x8
  process_cpu_seconds_total{job="p", instance="b"} 50+3x8

eval instant at ${at} ${expr}
  {job="${expr.includes('process') ? 'p' : 'n'}", instance="${expr.includes('process') ? 'b' : 'a'}"} ${value}
`;

test.each([
  ['the CPU of a host, at its second scrape', '15s', QUERIES.hostCpu, 0.3],
  ['the CPU of a host, after two minutes', '2m', QUERIES.hostCpu, 0.3],
  ['the CPU of a process, after a minute', '1m', QUERIES.processCpu, 0.2],
])('%s is not taken for that of five minutes', (_, at, expr, value) => {
  expect(runScript(script(at, expr, value)).failures).toEqual([]);
});

test('a process that is scraped once a minute has a rate all the same', () => {
  const text = `
load 1m
  process_cpu_seconds_total{job="p", instance="b"} 50+12x10

eval instant at 10m ${QUERIES.processCpu}
  {job="p", instance="b"} 0.2
`;
  expect(runScript(text).failures).toEqual([]);
});

test.each([
  ['every 15 s, over an hour', 15, 15, 60],
  ['every minute, over an hour', 15, 60, 240],
  ['every 15 s, over a day', 360, 15, 1440],
])('a host that is scraped %s: rates see at least two scrapes', (_, step, scrape, window) => {
  expect(rateWindow(step, scrape)).toBe(window);
});
