import type { Clock, Timer } from '../clock.ts';
import type { RuleGroupConfig } from '../config/rules.ts';
import type { AlertSink } from '../model/alert.ts';
import type { Appender } from '../model/appender.ts';
import type { RuleEvaluation, RuleEvaluationResult, RuleEvaluator } from '../model/evaluation.ts';
import { fingerprint } from '../model/fingerprint.ts';
import { labelsFromObject } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import {
  type ActiveAlert,
  type AlertTransition,
  evaluateAlerts,
  markSent,
  needsSending,
} from './alert-state.ts';
import type { RuleMetrics } from './metrics.ts';
import { type OutgoingSettings, outgoingAlert } from './outgoing.ts';
import { RuleError } from './rule-error.ts';
import { groupKey, isAlerting, isRecording, type RuleRun } from './rule-run.ts';
import { alertSeries, recordedSeries, type SeriesSample } from './rule-series.ts';
import type { RuleStore } from './rule-store.ts';

export interface GroupDeps {
  readonly evaluator: RuleEvaluator;
  readonly appender: Appender;
  readonly sink: AlertSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: RuleStore;
  readonly metrics: RuleMetrics;
  readonly resendDelayMs: number;
  readonly queryTimeoutMs: number;
  /** As they are now; a reload changes them under running groups. */
  readonly settings: () => OutgoingSettings;
}

const TEMPLATE_ERROR = '<error expanding template: ';

/** A group of rules at work: evaluated one after the other, each interval, at times of its own that survive restarts. */
export class RuleGroup {
  readonly config: RuleGroupConfig;
  readonly runs: readonly RuleRun[];
  /** Unix ms; 0 = never. */
  lastEvaluation: number;
  evaluationSeconds: number;
  readonly #deps: GroupDeps;
  readonly #log: Log;
  readonly #key: string;
  readonly #iterationListeners: ((startedAt: number) => void)[] = [];
  #timer: Timer | undefined;
  #stopped = false;
  /** Whether the last attempt to write state succeeded. */
  #isKept = true;
  #sending: Promise<void> = Promise.resolve();

  constructor(
    config: RuleGroupConfig,
    runs: readonly RuleRun[],
    deps: GroupDeps,
    before?: Pick<RuleGroup, 'lastEvaluation' | 'evaluationSeconds'>,
  ) {
    this.config = config;
    this.runs = runs;
    this.#deps = deps;
    this.#key = groupKey(config);
    this.#log = deps.log.child({ file: config.file, group: config.name });
    this.lastEvaluation = before?.lastEvaluation ?? 0;
    this.evaluationSeconds = before?.evaluationSeconds ?? 0;
    const labels = { rule_group: this.#key };
    const { metrics } = deps;
    for (const counter of [metrics.evaluations, metrics.failures, metrics.iterations, metrics.missed]) {
      counter.inc(labels, 0);
    }
    metrics.interval.set(labels, config.interval / 1000);
    metrics.rules.set(labels, config.rules.length);
  }

  /** Begins at the group's next time. */
  start(): void {
    if (this.#stopped) return;
    this.#wait(evaluationTime(this.config, this.#deps.clock.now()) + this.config.interval);
  }

  /** Ends it at once: an evaluation under way is not heard. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Resolves when what was handed to the notifiers was taken. */
  settled(): Promise<void> {
    return this.#sending;
  }

  /** Calls back after each evaluation of the whole group, with the wall time of its start. */
  onIteration(listener: (startedAt: number) => void): void {
    this.#iterationListeners.push(listener);
  }

  /** Tells receivers of what fires, without an evaluation: after a restart, so that they do not take it for over. */
  remind(): void {
    const now = this.#deps.clock.now();
    for (const run of this.runs) {
      const firing = [...run.active.values()].filter((alert) => alert.state === 'firing');
      for (const alert of firing) {
        markSent(alert, now, this.#deps.resendDelayMs, this.config.interval);
      }
      this.#send(run, firing, now);
    }
  }

  #wait(timestamp: number): void {
    const { clock } = this.#deps;
    const delay = timestamp - clock.now();
    // A clock set back would have us wait for it: go on at the time that is due by its new reading.
    const due =
      delay > this.config.interval
        ? evaluationTime(this.config, clock.now()) + this.config.interval
        : timestamp;
    this.#timer = clock.after(Math.max(due - clock.now(), 0), () => void this.#iterate(due));
  }

  async #iterate(due: number): Promise<void> {
    const { clock, metrics } = this.#deps;
    const labels = { rule_group: this.#key };
    const missed = Math.floor((clock.now() - due) / this.config.interval);
    if (missed > 0) {
      metrics.missed.inc(labels, missed);
      metrics.iterations.inc(labels, missed);
      this.#log.warn({ missed }, 'evaluations missed: the group takes longer than its interval');
    }
    const timestamp = due + Math.max(missed, 0) * this.config.interval;
    await this.#evaluate(timestamp);
    if (!this.#stopped) this.#wait(timestamp + this.config.interval);
  }

  async #evaluate(timestamp: number): Promise<void> {
    const { clock, metrics } = this.#deps;
    const labels = { rule_group: this.#key };
    const startedAt = clock.now();
    const start = clock.monotonic();
    metrics.iterations.inc(labels);
    metrics.lateness.observe(Math.max(startedAt - timestamp, 0) / 1000);
    let samples = 0;
    for (const run of this.runs) {
      samples += await this.#evaluateRule(run, timestamp);
      if (this.#stopped) return;
    }
    this.lastEvaluation = startedAt;
    this.evaluationSeconds = (clock.monotonic() - start) / 1000;
    metrics.samples.set(labels, samples);
    metrics.lastDuration.set(labels, this.evaluationSeconds);
    metrics.lastEvaluation.set(labels, startedAt / 1000);
    for (const listener of this.#iterationListeners) listener(startedAt);
  }

  /** @returns how many samples the rule gave */
  async #evaluateRule(run: RuleRun, timestamp: number): Promise<number> {
    const { clock, evaluator, metrics } = this.#deps;
    const startedAt = clock.now();
    const start = clock.monotonic();
    const labels = { rule_group: this.#key };
    metrics.evaluations.inc(labels);
    let written = 0;
    try {
      const result = await evaluator.evaluate(this.#evaluation(run, timestamp));
      if (this.#stopped) return 0;
      written = this.#accept(run, result, timestamp);
      run.health = 'ok';
      run.lastError = undefined;
    } catch (error) {
      if (this.#stopped) return 0;
      if (!(error instanceof Error)) throw error;
      const name = run.config.kind === 'alert' ? run.config.alert : run.config.record;
      const isNew = run.lastError !== error.message;
      this.#log[isNew ? 'warn' : 'debug']({ rule: name, err: error.message }, 'evaluating rule failed');
      run.health = 'err';
      run.lastError = error.message;
      metrics.failures.inc(labels);
    }
    run.evaluationSeconds = (clock.monotonic() - start) / 1000;
    run.lastEvaluation = startedAt;
    metrics.duration.observe(run.evaluationSeconds);
    return written;
  }

  #evaluation(run: RuleRun, timestamp: number): RuleEvaluation {
    const { settings, queryTimeoutMs } = this.#deps;
    const { externalLabels, externalUrl } = settings();
    const evaluation = {
      expr: run.config.expr,
      timestamp: timestamp - this.config.query_offset,
      timeoutMs: queryTimeoutMs,
    };
    if (!isAlerting(run)) return evaluation;
    const { alert: alertname, labels, annotations } = run.config;
    return {
      ...evaluation,
      templates: { at: timestamp, alertname, labels, annotations, externalLabels, externalUrl },
    };
  }

  #accept(run: RuleRun, result: RuleEvaluationResult, timestamp: number): number {
    const { config } = this;
    if (isAlerting(run)) {
      this.#countTemplateErrors(result);
      if (run.startsAnew) {
        for (const alert of run.active.values()) if (alert.state !== 'inactive') alert.activeAt = timestamp;
        run.startsAnew = false;
      }
      const timing = {
        forMs: run.config.for,
        keepFiringForMs: run.config.keep_firing_for,
        limit: config.limit,
      };
      let transitions: AlertTransition[];
      try {
        transitions = evaluateAlerts(run.active, run.config.alert, timing, result.samples, timestamp);
      } catch (error) {
        // Above the limit the alerts are gone: that is kept as well.
        if (error instanceof RuleError) this.#keep(run, timestamp, []);
        throw error;
      }
      const due = [...run.active.values()].filter((alert) =>
        needsSending(alert, timestamp, this.#deps.resendDelayMs),
      );
      for (const alert of due) markSent(alert, timestamp, this.#deps.resendDelayMs, config.interval);
      const series = alertSeries(run.active);
      this.#keep(run, timestamp, transitions);
      try {
        this.#write(run, series, timestamp);
      } finally {
        this.#send(run, due, timestamp);
      }
      return series.length;
    }
    if (!isRecording(run)) throw new Error('a rule is neither alerting nor recording');
    const series = recordedSeries(run.config, result.samples, config.limit);
    this.#write(run, series, timestamp);
    return series.length;
  }

  /** Keeps the alerts for a restart. Where that fails, as on a full disk, alerting goes on from memory. */
  #keep(run: RuleRun, timestamp: number, transitions: readonly AlertTransition[]): void {
    try {
      this.#deps.store.save(run.key, run.active, timestamp, transitions);
      this.#isKept = true;
    } catch (error) {
      this.#deps.metrics.stateFailures.inc();
      if (this.#isKept)
        this.#log.error({ err: error }, 'writing the state of alerts failed; going on from memory');
      this.#isKept = false;
    }
  }

  #write(run: RuleRun, series: readonly SeriesSample[], timestamp: number): void {
    if (!run.output.write(series, timestamp - this.config.query_offset)) {
      throw new RuleError('the time of the evaluation is not later than that of the last one');
    }
  }

  #countTemplateErrors(result: RuleEvaluationResult): void {
    for (const { expandedLabels = {}, expandedAnnotations = {} } of result.samples) {
      for (const text of [...Object.values(expandedLabels), ...Object.values(expandedAnnotations)]) {
        if (!text.startsWith(TEMPLATE_ERROR)) continue;
        this.#deps.metrics.templateFailures.inc();
        this.#log.warn({ err: text.slice(TEMPLATE_ERROR.length, -1) }, 'expanding alert template failed');
      }
    }
  }

  /** Hands alerts over once what they rest on is in the log. The group does not wait for it. */
  #send(run: RuleRun, alerts: readonly ActiveAlert[], timestamp: number): void {
    if (alerts.length === 0) return;
    const { appender, clock, metrics, settings, sink } = this.#deps;
    const out = alerts
      .map((alert) => outgoingAlert(alert, run.query, settings(), clock.now()))
      .filter((alert) => alert !== undefined);
    if (out.length === 0) return;
    this.#sending = this.#sending.then(async () => {
      try {
        await appender.committed();
        await sink.accept(out);
        metrics.sent.inc(out.length);
      } catch (error) {
        // They are due again after the resend delay.
        metrics.sendFailures.inc(out.length);
        this.#log.error(
          { err: error, alerts: out.length, timestamp },
          'handing alerts to the notifiers failed',
        );
      }
    });
  }
}

/** The group's time at or before `now`: multiples of the interval, moved by an offset that its name decides, so that groups spread. */
export function evaluationTime(group: RuleGroupConfig, now: number): number {
  const id = fingerprint(labelsFromObject({ name: group.name, file: group.file }));
  const offset = Number(BigInt(`0x${id}`) % BigInt(group.interval));
  return Math.floor((now - offset) / group.interval) * group.interval + offset;
}
