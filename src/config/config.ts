import * as z from 'zod';
import { type AlertingConfig, alertingConfig, completeAlerting } from './alerting.ts';
import { type BackupConfig, backupConfig } from './backup.ts';
import { completeGlobal, type GlobalConfig, globalConfig } from './global.ts';
import { type HostConfig, hostConfig } from './host.ts';
import { type InhibitRuleConfig, inhibitRule } from './inhibit.ts';
import { filePath, noEffect, oldForm } from './leaves.ts';
import { type QueryConfig, queryConfig } from './query.ts';
import { completeReceiver, type ReceiverConfig, receiver } from './receivers/receiver.ts';
import { completeRemoteWrite, type RemoteWriteConfig, remoteWrite } from './remote-write.ts';
import { completeRoute, type RouteConfig, route } from './route.ts';
import { ruleGroupKeys } from './rules.ts';
import { completeScrape, type ScrapeConfig, scrapeConfig } from './scrape.ts';
import { type SelfConfig, selfConfig } from './self.ts';
import { type StatusPageConfig, statusPageConfig } from './status-page.ts';
import { completeStorage, type StorageConfig, storageConfig } from './storage.ts';
import { type NamedTimeIntervals, namedTimeIntervals } from './time-intervals.ts';
import { eventRecorder, otlp, remoteRead, runtime, tracing } from './upstream-only.ts';
import { type WebConfig, webConfig } from './web.ts';

const withoutEffect = <Schema extends z.ZodType>(schema: Schema, why: string) =>
  schema.optional().meta(noEffect(why));

/** The config file: the top-level keys of both upstreams and our own, each with its default. */
export const configFile = z.strictObject({
  global: globalConfig.prefault({}).describe('Defaults of everything else; the keys of both upstreams.'),
  scrape_configs: z.array(scrapeConfig).default([]).describe('Jobs to scrape.'),
  scrape_config_files: z.array(filePath()).default([]).describe('Files with more `scrape_configs`; globs.'),
  rule_files: z
    .array(filePath())
    .default([])
    .describe('Files with rule groups; globs, relative to this file.'),
  groups: z.array(ruleGroupKeys).default([]).describe('Rule groups, here instead of in a file.'),
  alerting: alertingConfig.prefault({}).describe('Alertmanagers that get alerts as well.'),
  route: route.optional().describe('Who is told of what. Needs `receivers`.'),
  receivers: z.array(receiver).default([]).describe('Where notifications go. Needs `route`.'),
  inhibit_rules: z.array(inhibitRule).default([]).describe('Alerts that mute others.'),
  time_intervals: z.array(namedTimeIntervals).default([]).describe('Named times for routes.'),
  mute_time_intervals: z.array(namedTimeIntervals).default([]).meta(oldForm('`time_intervals`')),
  templates: z
    .array(filePath())
    .default([])
    .describe('Files with notification templates; globs, relative to this file.'),
  dashboards: z
    .array(filePath())
    .default([])
    .describe('Files with Grafana dashboards; globs, relative to this file.'),
  host: hostConfig.optional().describe('Built-in host metrics; off unless given.'),
  self: selfConfig.optional().describe("Belfry's own metrics; off unless given."),
  status_page: statusPageConfig
    .optional()
    .describe('A page for everybody, without login, at `/status-page`; off unless given.'),
  query: queryConfig.prefault({}).describe('Limits of queries.'),
  web: webConfig.prefault({}).describe('The one port: UI and APIs.'),
  storage: storageConfig.prefault({}).describe('What is kept, and how long.'),
  backup: backupConfig.prefault({}).describe('Backups of the data directory.'),
  remote_write: remoteWrite.default([]).describe('Receivers that get every sample as well.'),
  remote_read: withoutEffect(remoteRead, 'nothing is read from other stores.'),
  tracing: withoutEffect(tracing, 'Belfry emits no traces.'),
  otlp: withoutEffect(otlp, 'OTLP is not received.'),
  runtime: withoutEffect(runtime, 'it tunes the Go runtime.'),
  event_recorder: withoutEffect(eventRecorder, 'decisions are kept and shown by the why-trace.'),
});
export type ConfigKeys = z.output<typeof configFile>;

/** A whole configuration: defaults and inheritance applied, durations in ms, sizes in bytes, paths absolute. */
export interface Config {
  readonly global: GlobalConfig;
  readonly scrape_configs: readonly ScrapeConfig[];
  readonly alerting: AlertingConfig;
  /** Undefined when alerts are told to nobody; then there are no receivers either. */
  readonly route?: RouteConfig;
  readonly receivers: readonly ReceiverConfig[];
  readonly inhibit_rules: readonly InhibitRuleConfig[];
  /** `time_intervals` and the old `mute_time_intervals` together. */
  readonly time_intervals: readonly NamedTimeIntervals[];
  /** Globs, absolute. */
  readonly templates: readonly string[];
  /** Globs, absolute. */
  readonly dashboards: readonly string[];
  /** Undefined switches the host collector off. */
  readonly host?: HostConfig;
  /** Undefined switches the own metrics off. */
  readonly self?: SelfConfig;
  /** Undefined switches the public status page off. */
  readonly status_page?: StatusPageConfig;
  readonly query: QueryConfig;
  readonly web: WebConfig;
  readonly storage: StorageConfig;
  readonly backup: BackupConfig;
  /** Receivers that can be sent to. */
  readonly remote_write: readonly RemoteWriteConfig[];
}

/** Applies what sections inherit from each other. */
export function completeConfig(keys: ConfigKeys): Config {
  const global = completeGlobal(keys.global);
  const collected = <T extends { scrape_interval?: number }>(section: T | undefined) =>
    section && { ...section, scrape_interval: section.scrape_interval || global.scrape_interval };
  return {
    global,
    scrape_configs: keys.scrape_configs.map((own) => completeScrape(own, global)),
    alerting: completeAlerting(keys.alerting),
    route: keys.route && completeRoute(keys.route),
    receivers: keys.receivers.map((own) => completeReceiver(own, global)),
    inhibit_rules: keys.inhibit_rules,
    time_intervals: [...keys.mute_time_intervals, ...keys.time_intervals],
    templates: keys.templates,
    dashboards: keys.dashboards,
    host: collected(keys.host),
    self: collected(keys.self),
    status_page: keys.status_page,
    query: keys.query,
    web: keys.web,
    storage: completeStorage(keys.storage),
    backup: keys.backup,
    remote_write: completeRemoteWrite(keys.remote_write),
  };
}

/** A config from plain data, as tests and the built-in default write it. @throws z.ZodError */
export function configFromData(data: z.input<typeof configFile>): Config {
  return completeConfig(configFile.parse(data));
}
