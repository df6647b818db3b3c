import fs from 'node:fs';
import path from 'node:path';
import type { Cast, Span } from './journal.ts';
import type { Sample } from './monitor.ts';
import { AHEAD_MS } from './monitor.ts';
import type { Told } from './receiver.ts';
import { type CountingTarget, SERIES } from './targets.ts';

/** A range that holds every sample of the soak, seen from where queries look. */
const wholeSoak = (startedAt: number): string =>
  `${Math.ceil((Date.now() - startedAt + AHEAD_MS + 3 * 3_600_000) / 1000)}s`;

const isWithin = (at: number, spans: readonly Span[]): boolean =>
  spans.some(([from, to]) => at >= from && at <= to);

type Range = {
  readonly data: { readonly result: readonly { metric: { j?: string }; values: [number, string][] }[] };
};

/**
 * Each page that was served until `stoppedAt` is stored, whole, once; or was served where it may be missing.
 * @returns the line of the report
 */
export async function checkSamples(cast: Cast, stoppedAt: number): Promise<string> {
  const { targets, journal } = cast;
  const total = { served: 0, stored: 0, unwritten: 0, failed: 0 };
  for (const target of targets) {
    const counts = await storedPages(cast, target);
    const missing: number[] = [];
    target.served.forEach((at, seq) => {
      // Of the pages served now some are on their way.
      if (at > stoppedAt) return;
      total.served++;
      const found = counts.get(seq) ?? 0;
      if (found === SERIES) total.stored++;
      else if (found > 0)
        journal.problems.push(
          `${target.address}: page ${seq}, served after ${journal.seconds(at)} s, is stored with ${found} of ${SERIES} series`,
        );
      else if (isWithin(at, journal.gaps)) total.unwritten++;
      else missing.push(at);
    });
    // A page that came too late is a scrape that failed, and `up` says so.
    const unsaid = withoutFailure(missing, await failedScrapes(cast, target), journal.stalls);
    total.failed += missing.length - unsaid.length;
    if (unsaid.length > 0)
      journal.problems.push(
        `${target.address}: of ${target.served.length} pages ${unsaid.length} are missing without a scrape that failed, served after ${unsaid.map((at) => journal.seconds(at))} s`,
      );
  }
  if (total.stored < total.served * 0.5) journal.problems.push('less than half of the pages are stored');
  return `${total.served} pages of ${SERIES} series were served: ${total.stored} are stored whole and once, ${total.unwritten} were on their way at a kill or stop, ${total.failed} were scrapes that failed and say so`;
}

/** How far apart a page and the failure of its scrape are: the scrape's timeout, and what a busy machine adds to it, ms. */
const NEAR_MS = 6000;
const HOUR = 3_600_000;

/**
 * Which of the pages that are missing have no failed scrape of their own beside them, whatever hour the clock showed. Times are Unix ms.
 * @param stalls when this process stood still: what was asked meanwhile was served at their end, long after its scrape had failed
 */
export function withoutFailure(
  missing: readonly number[],
  failures: readonly number[],
  stalls: readonly Span[] = [],
): number[] {
  const left = [...failures];
  return missing.filter((at) => {
    const begun = stalls.filter(([from, to]) => at >= from && at <= to + NEAR_MS).map(([from]) => from);
    const askedAt = Math.min(at, ...begun);
    const beside = left.findIndex((failure) => {
      const off = (((at - failure) % HOUR) + HOUR) % HOUR;
      const before = off > HOUR / 2 ? off - HOUR : off;
      return before >= -NEAR_MS && before <= at - askedAt + NEAR_MS;
    });
    if (beside >= 0) left.splice(beside, 1);
    return beside < 0;
  });
}

/** How many series are stored of each page of a target. */
async function storedPages(
  { monitor, journal }: Cast,
  { address }: CountingTarget,
): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  const query = `soak_value{instance="${address}"}[${wholeSoak(journal.startedAt)}]`;
  for (const { metric, values } of await rangeOf(monitor, query)) {
    const j = Number(metric.j);
    for (const [, text] of values) {
      const seq = (Number(text) - j) / 1000;
      if (!Number.isInteger(seq))
        journal.problems.push(`${address}: ${text} of series ${j} was never served`);
      counts.set(seq, (counts.get(seq) ?? 0) + 1);
    }
  }
  return counts;
}

/** When scrapes of a target failed by the monitor's clock, Unix ms. */
async function failedScrapes(
  { monitor, journal }: Cast,
  { address }: CountingTarget,
): Promise<readonly number[]> {
  const ups = await rangeOf(monitor, `up{instance="${address}"}[${wholeSoak(journal.startedAt)}]`);
  return ups
    .flatMap(({ values }) => values)
    .filter(([, value]) => value === '0')
    .map(([at]) => at * 1000)
    .sort((a, b) => a - b);
}

async function rangeOf(monitor: Cast['monitor'], query: string): Promise<Range['data']['result']> {
  const time = String((Date.now() + AHEAD_MS) / 1000);
  return (await monitor.ask<Range>('/api/v1/query', { query, time })).data.result;
}

/**
 * Each alert that was there long enough was told as firing and as resolved; again only where a kill, a jump or a scrape that failed may
 * cause it. What the receiver took and could not acknowledge in time, Belfry has to take for not delivered.
 * @returns the line of the report
 */
export async function checkAlerts(cast: Cast): Promise<string> {
  const { monitor, receiver, targets, journal } = cast;
  const unanswered = unansweredAlerts(monitor.logFile);
  const pagesOf = await countedByAlert(cast, 'soak_flip');
  // A machine that is busy with other work may load the code of rules longer than an alert is there.
  const evaluationsOf = await countedByAlert(cast, 'soak:flip');
  const total = { fired: 0, repeats: 0, stored: 0, late: 0 };
  const wanted = new Map(targets.flatMap(({ flips }) => [...flips]));
  for (const [n, seen] of wanted) {
    const told = receiver.told.get(n) ?? { firing: [], resolved: [] };
    // Served to a scrape and evaluated often enough to be pending and then firing, kills or not.
    const pages = Math.min(seen, pagesOf.get(n) ?? 0);
    const evaluations = Math.min(seen, evaluationsOf.get(n) ?? 0);
    if (pages >= ENOUGH) total.stored++;
    if (pages >= ENOUGH && evaluations < ENOUGH) total.late++;
    if (pages >= ENOUGH && evaluations >= ENOUGH && told.firing.length === 0)
      journal.problems.push(
        `alert ${n} was in ${pages} pages that are stored, was evaluated ${evaluations} times and never told as firing`,
      );
    if (told.firing.length > 0) total.fired++;
    total.repeats += Math.max(0, told.firing.length - 1) + Math.max(0, told.resolved.length - 1);
    if (!unanswered.has(n)) checkTold(cast, n, told);
  }
  if (total.late > total.stored / 2)
    journal.problems.push(`of ${total.stored} alerts ${total.late} were hardly evaluated`);
  return `${wanted.size} alerts, ${total.fired} told as firing and as resolved, ${total.late} hardly evaluated while they were there; ${total.repeats} told again after ${journal.kills} kills and stops and ${journal.jumps} jumps of the clock; ${receiver.refused} requests that the receiver failed or let hang; of ${unanswered.size} alerts a message was not acknowledged in time`;
}

/** Pages, or evaluations, after which an alert has to be told. */
const ENOUGH = 8;

function checkTold({ journal }: Cast, n: string, told: Told): void {
  const when = `firing after ${told.firing.map((at) => journal.seconds(at))} s, resolved after ${told.resolved.map((at) => journal.seconds(at))} s`;
  if (told.firing.length > 0 && told.resolved.length === 0)
    journal.problems.push(`alert ${n} was told as firing and never as resolved: ${when}`);
  const again = told.firing.slice(1).filter((at) => !isWithin(at, journal.unsettled));
  if (again.length > 0 || told.resolved.length > told.firing.length + journal.kills)
    journal.problems.push(
      `alert ${n} was told again without a kill, a jump of the clock or a scrape that failed: ${when}`,
    );
}

/** Alerts of which a message was not acknowledged, as the log says. */
function unansweredAlerts(logFile: string): Set<string> {
  const groups = fs
    .readFileSync(logFile, 'utf8')
    .matchAll(/msg="notification failed.*?group="\{\}:\{n=\\"(\d+)/g);
  return new Set([...groups].map(([, n]) => n!));
}

async function countedByAlert({ monitor, journal }: Cast, series: string): Promise<Map<string, number>> {
  const found = await monitor.query<Sample & { readonly metric: { readonly n: string } }>(
    `sum by (n) (count_over_time(${series}[${wholeSoak(journal.startedAt)}]))`,
  );
  return new Map(found.map(({ metric: { n }, value }) => [n, Number(value[1])]));
}

/** The store took no harm and all targets are there. */
export async function checkStore({ monitor, targets, journal }: Cast): Promise<void> {
  for (const name of [
    'belfry_tsdb_degraded',
    'belfry_tsdb_lost_scrapes_total',
    'belfry_background_worker_replaced_total',
  ]) {
    const value = await monitor.metric(name);
    if (value !== 0) journal.problems.push(`${name} is ${value}`);
  }
  const quarantine = path.join(monitor.data, 'quarantine');
  if (fs.existsSync(quarantine)) journal.problems.push(`set aside: ${fs.readdirSync(quarantine)}`);
  const [up] = await monitor.query('count(last_over_time(up{job="soak"}[4h]))');
  if (Number(up?.value[1]) !== targets.length)
    journal.problems.push(`expected ${targets.length} targets, found ${up?.value[1]}`);
}

type Figures = ReturnType<Cast['monitor']['figures']>;

/** It has not grown. */
export function checkFigures({ journal }: Cast, begun: Figures, ended: Figures): void {
  if (ended.rss > Math.max(2 * begun.rss, begun.rss + 250))
    journal.problems.push(`memory grew from ${begun.rss} to ${ended.rss} MB`);
  if (ended.files > begun.files + 40)
    journal.problems.push(`open files grew from ${begun.files} to ${ended.files}`);
}
