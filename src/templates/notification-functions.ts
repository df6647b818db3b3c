import type { Budget } from './budget.ts';
import { queryUnescape } from './escape-text.ts';
import { regexMatches, regexReplaceAll } from './go-regex.ts';
import { type GoDuration, GoTime, ZERO_TIME_NS } from './go-time.ts';
import { parseTime } from './go-time-layout.ts';
import {
  type GoFunction,
  type GoFunctions,
  GoList,
  GoMap,
  GoText,
  type GoValue,
  stringList,
} from './go-value.ts';
import { zoneNamed } from './go-zone.ts';
import { humanizeDuration, toFloat } from './humanize.ts';
import { titleCase } from './title-case.ts';
import { toJson } from './to-json.ts';

const onText = (call: (text: string, budget: Budget) => GoValue): GoFunction => ({
  params: ['string'],
  call: ([text], budget) => call(text as string, budget),
});

const LIST = '[]interface {}';

/** Alertmanager's template functions. @param now Unix ms */
export function notificationFunctions(now: () => number): GoFunctions {
  return {
    toUpper: onText((text) => text.toUpperCase()),
    toLower: onText((text) => text.toLowerCase()),
    title: onText((text) => titleCase(text, 'lower')),
    trimSpace: onText(trimSpace),
    join: {
      params: ['string', '[]string'],
      call: ([separator, list], budget) => {
        const items = ((list as GoList | null)?.items ?? []) as readonly string[];
        const length = items.reduce((sum, item) => sum + item.length + (separator as string).length, 0);
        budget.text(length);
        return items.join(separator as string);
      },
    },
    match: {
      params: ['string', 'string'],
      call: ([pattern, text], budget) => regexMatches(pattern as string, text as string, budget),
    },
    reReplaceAll: {
      params: ['string', 'string', 'string'],
      call: ([pattern, replacement, text], budget) =>
        regexReplaceAll(pattern as string, replacement as string, text as string, budget),
    },
    safeHtml: onText((text) => new GoText('template.HTML', text)),
    safeUrl: onText((text) => new GoText('template.URL', text)),
    urlUnescape: onText(queryUnescape),
    stringSlice: { params: [], variadic: 'string', call: (args) => stringList(args as readonly string[]) },
    date: {
      params: ['string', 'time.Time'],
      call: ([layout, time], budget) => (time as GoTime).methods.Format!.call([layout], budget),
    },
    tz: {
      params: ['string', 'time.Time'],
      call: ([name, time]) => new GoTime((time as GoTime).ns, zoneNamed(name as string)),
    },
    now: { params: [], call: () => GoTime.fromMs(now(), zoneNamed('Local')) },
    since: {
      params: ['time.Time'],
      call: ([time], budget) => GoTime.fromMs(now()).methods.Sub!.call([time], budget) as GoDuration,
    },
    humanizeDuration: { params: ['any'], call: ([value]) => humanizeDuration(toFloat(value)) },
    toDate: {
      params: ['string', 'string'],
      call: ([layout, text]) => {
        try {
          return dateOf(layout as string, text as string);
        } catch {
          // Upstream's choice: what is no date is the zero time.
          return new GoTime(ZERO_TIME_NS);
        }
      },
    },
    mustToDate: {
      params: ['string', 'string'],
      call: ([layout, text]) => dateOf(layout as string, text as string),
    },
    toJson: { params: ['any'], call: ([value], budget) => toJson(value, budget) },
    base64encode: onText((text) => base64Url(Buffer.from(text))),
    base64decode: onText(base64UrlDecode),
    list: { params: [], variadic: 'any', call: (args) => new GoList('any', args) },
    append: {
      params: [LIST],
      variadic: 'any',
      call: ([list, ...args], budget) => {
        const items = (list as GoList | null)?.items ?? [];
        budget.step(items.length >>> 4);
        return new GoList('any', [...items, ...args]);
      },
    },
    dict: { params: [], variadic: 'any', call: dict },
  };
}

/** As strings.TrimSpace, whose idea of space has U+0085 and lacks U+FEFF. */
function trimSpace(text: string): string {
  const isSpace = (at: number): boolean => /[\s\u0085]/.test(text[at]!) && text[at] !== '\ufeff';
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(from)) from++;
  while (to > from && isSpace(to - 1)) to--;
  return text.slice(from, to);
}

function dateOf(layout: string, text: string): GoTime {
  const { ns, zone } = parseTime(layout, text);
  return new GoTime(ns, zone);
}

function dict(args: readonly GoValue[]): GoMap {
  if (args.length % 2 !== 0) throw new Error('dict requires an even number of arguments');
  const entries = new Map<string, GoValue>();
  for (let i = 0; i < args.length; i += 2) {
    const key = args[i];
    if (typeof key !== 'string') throw new Error('dict keys must be strings');
    entries.set(key, args[i + 1]);
  }
  return new GoMap('any', entries);
}

/** The URL-safe alphabet, padded, as upstream's functions have it. */
const base64Url = (bytes: Buffer): string =>
  bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');

function base64UrlDecode(text: string): string {
  const wrong = /[^A-Za-z0-9\-_]/.exec(text.replace(/={1,2}$/, ''));
  if (wrong || text.length % 4 !== 0) {
    throw new Error(`illegal base64 data at input byte ${wrong?.index ?? text.length}`);
  }
  return Buffer.from(text, 'base64url').toString('utf8');
}
