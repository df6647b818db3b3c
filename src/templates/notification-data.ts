import { GoTime, ZERO_TIME_NS } from './go-time.ts';
import { byBytes, type GoFunctions, GoList, GoMap, GoStruct, type GoValue } from './go-value.ts';

export interface AlertData {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Unix ms. */
  readonly startsAt: number;
  /** Unix ms; 0 when not known, as for firing alerts: templates see Go's zero time, year 1. */
  readonly endsAt: number;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

/** What notification templates see, and what the webhook sends beside its own fields. */
export interface NotificationData {
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly AlertData[];
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly externalURL: string;
  readonly notificationReason?: string;
  /** Labels of the route; their values may be templates themselves, rendered by the function `routeLabels`. */
  readonly routeLabels?: Readonly<Record<string, string>>;
  /** Says that the values of `routeLabels` were rendered before: they are given as they are, and not read as templates again. */
  readonly routeLabelsRendered?: boolean;
}

/** The data as Alertmanager's Go types. */
export function goData(data: NotificationData): GoStruct {
  return new GoStruct(
    '*template.Data',
    new Map<string, GoValue>([
      ['Receiver', data.receiver],
      ['Status', data.status],
      ['Alerts', goAlerts(data.alerts.map(goAlert), data.alerts)],
      ['NotificationReason', data.notificationReason ?? ''],
      ['GroupLabels', goKv(data.groupLabels)],
      ['CommonLabels', goKv(data.commonLabels)],
      ['CommonAnnotations', goKv(data.commonAnnotations)],
      ['RouteLabels', goKv(data.routeLabels ?? {})],
      ['ExternalURL', data.externalURL],
    ]),
    {
      jsonNames: {
        Receiver: 'receiver',
        Status: 'status',
        Alerts: 'alerts',
        NotificationReason: 'notification_reason',
        GroupLabels: 'groupLabels',
        CommonLabels: 'commonLabels',
        CommonAnnotations: 'commonAnnotations',
        RouteLabels: 'routeLabels',
        ExternalURL: 'externalURL',
      },
    },
  );
}

const ALERT_JSON = {
  Status: 'status',
  Labels: 'labels',
  Annotations: 'annotations',
  StartsAt: 'startsAt',
  EndsAt: 'endsAt',
  GeneratorURL: 'generatorURL',
  Fingerprint: 'fingerprint',
};

const goTime = (ms: number): GoTime => (ms === 0 ? new GoTime(ZERO_TIME_NS) : GoTime.fromMs(ms));

function goAlert(alert: AlertData): GoStruct {
  return new GoStruct(
    'template.Alert',
    new Map<string, GoValue>([
      ['Status', alert.status],
      ['Labels', goKv(alert.labels)],
      ['Annotations', goKv(alert.annotations)],
      ['StartsAt', goTime(alert.startsAt)],
      ['EndsAt', goTime(alert.endsAt)],
      ['GeneratorURL', alert.generatorURL],
      ['Fingerprint', alert.fingerprint],
    ]),
    { jsonNames: ALERT_JSON },
  );
}

function goAlerts(alerts: readonly GoStruct[], data: readonly AlertData[]): GoList {
  const only = (status: string) => ({
    params: [],
    call: () =>
      new GoList(
        'template.Alert',
        alerts.filter((_, i) => data[i]!.status === status),
      ),
  });
  return new GoList('template.Alert', alerts, {
    type: 'template.Alerts',
    methods: { Firing: only('firing'), Resolved: only('resolved') },
  });
}

type Pair = readonly [name: string, value: string];

/** The alert's name first, then by name. */
function sortedPairs(entries: Iterable<Pair>): Pair[] {
  return [...entries].sort(([a], [b]) => {
    if (a === 'alertname' || b === 'alertname') return a === b ? 0 : a === 'alertname' ? -1 : 1;
    return byBytes(a, b);
  });
}

function goKv(object: Readonly<Record<string, string>>): GoMap {
  return kvOf(Object.entries(object));
}

function kvOf(entries: readonly Pair[]): GoMap {
  const pairs = sortedPairs(entries);
  const asPairs = pairsOf(pairs);
  return new GoMap('string', new Map(entries), {
    type: 'template.KV',
    methods: {
      SortedPairs: { params: [], call: () => asPairs },
      Remove: {
        params: ['[]string'],
        call: ([names]) => {
          const gone = new Set((names as GoList | null)?.items ?? []);
          return kvOf(entries.filter(([name]) => !gone.has(name)));
        },
      },
      Names: { params: [], call: () => goStrings(pairs.map(([name]) => name)) },
      Values: { params: [], call: () => goStrings(pairs.map(([, value]) => value)) },
      String: { params: [], call: () => asPairs.text!() },
    },
  });
}

function pairsOf(pairs: readonly Pair[]): GoList {
  const text = (): string => pairs.map(([name, value]) => `${name}=${value}`).join(', ');
  const methods: GoFunctions = {
    Names: { params: [], call: () => goStrings(pairs.map(([name]) => name)) },
    Values: { params: [], call: () => goStrings(pairs.map(([, value]) => value)) },
    String: { params: [], call: text },
  };
  const items = pairs.map(
    ([name, value]) =>
      new GoStruct(
        'template.Pair',
        new Map<string, GoValue>([
          ['Name', name],
          ['Value', value],
        ]),
      ),
  );
  return new GoList('template.Pair', items, { type: 'template.Pairs', methods, text });
}

function goStrings(items: readonly string[]): GoList {
  return new GoList('string', items, {
    type: 'template.Strings',
    methods: {
      Join: { params: ['string'], call: ([separator]) => items.join(separator as string) },
    },
  });
}
