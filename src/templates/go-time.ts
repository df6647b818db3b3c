import { civil, floorDiv, instant, MONTHS, SECOND, WEEKDAYS } from './go-civil.ts';
import { formatTime } from './go-time-layout.ts';
import { GoEnum, type GoFunctions, type GoValue } from './go-value.ts';
import { type Zone, zoneNamed } from './go-zone.ts';

/** Nanoseconds from the epoch to Go's zero time, 0001-01-01 00:00:00 UTC. */
export const ZERO_TIME_NS = -62_135_596_800n * SECOND;

const MAX_DURATION = 2n ** 63n - 1n;
const clampDuration = (ns: bigint): bigint =>
  ns > MAX_DURATION ? MAX_DURATION : ns < -MAX_DURATION - 1n ? -MAX_DURATION - 1n : ns;

/** Rounds half away from zero to a multiple of `unit`, as time.Duration.Round does. */
function roundTo(ns: bigint, unit: bigint): bigint {
  if (unit <= 0n) return ns;
  const rest = ns % unit;
  const size = rest < 0n ? -rest : rest;
  if (size * 2n < unit) return ns - rest;
  return ns < 0n ? ns + size - unit : ns - rest + unit;
}

/** A time.Duration. */
export class GoDuration {
  readonly type = 'time.Duration';
  readonly ns: bigint;

  constructor(ns: bigint) {
    this.ns = ns;
  }

  /** As Go writes it: `1h0m0.5s`, `2ms`, `0s`. */
  toString(): string {
    return durationText(this.ns);
  }

  get methods(): GoFunctions {
    const ns = this.ns;
    const whole = (unit: bigint) => ({ params: [], call: () => ns / unit });
    const fraction = (unit: bigint) => ({
      params: [],
      call: () => Number(ns / unit) + Number(ns % unit) / Number(unit),
    });
    return {
      String: { params: [], call: () => durationText(ns) },
      Nanoseconds: whole(1n),
      Microseconds: whole(1000n),
      Milliseconds: whole(1_000_000n),
      Seconds: fraction(SECOND),
      Minutes: fraction(60n * SECOND),
      Hours: fraction(3600n * SECOND),
      Abs: { params: [], call: () => new GoDuration(ns < 0n ? -ns : ns) },
      Round: {
        params: ['time.Duration'],
        call: ([unit]) => new GoDuration(roundTo(ns, (unit as GoDuration).ns)),
      },
      Truncate: {
        params: ['time.Duration'],
        call: ([unit]) => {
          const by = (unit as GoDuration).ns;
          return new GoDuration(by <= 0n ? ns : ns - (ns % by));
        },
      },
    };
  }
}

/** A time.Time: an instant and the zone it is shown in. */
export class GoTime {
  readonly type = 'time.Time';
  /** Nanoseconds since the Unix epoch. */
  readonly ns: bigint;
  readonly zone: Zone;

  constructor(ns: bigint, zone: Zone = zoneNamed('UTC')) {
    this.ns = ns;
    this.zone = zone;
  }

  static fromMs(ms: number, zone?: Zone): GoTime {
    return new GoTime(BigInt(Math.round(ms)) * 1_000_000n, zone);
  }

  /** As time.Time's String method writes it. */
  toString(): string {
    return formatTime(civil(this.ns, this.zone), '2006-01-02 15:04:05.999999999 -0700 MST');
  }

  get methods(): GoFunctions {
    const parts = civil(this.ns, this.zone);
    const int = (value: number) => ({ params: [], call: () => BigInt(value) });
    const at = (ns: bigint) => new GoTime(ns, this.zone);
    const compare = (test: (other: bigint) => boolean) => ({
      params: ['time.Time'],
      call: ([other]: readonly GoValue[]) => test((other as GoTime).ns),
    });
    return {
      String: { params: [], call: () => this.toString() },
      Format: { params: ['string'], call: ([layout]) => formatTime(parts, layout as string) },
      Unix: { params: [], call: () => floorDiv(this.ns, SECOND) },
      UnixMilli: { params: [], call: () => floorDiv(this.ns, 1_000_000n) },
      UnixMicro: { params: [], call: () => floorDiv(this.ns, 1000n) },
      UnixNano: { params: [], call: () => BigInt.asIntN(64, this.ns) },
      IsZero: { params: [], call: () => this.ns === ZERO_TIME_NS },
      Add: { params: ['time.Duration'], call: ([by]) => at(this.ns + (by as GoDuration).ns) },
      AddDate: {
        params: ['int', 'int', 'int'],
        call: ([years, months, days]) =>
          at(
            instant(
              this.zone,
              parts.year + Number(years),
              parts.month + Number(months),
              parts.day + Number(days),
              parts,
            ),
          ),
      },
      Sub: {
        params: ['time.Time'],
        call: ([other]) => new GoDuration(clampDuration(this.ns - (other as GoTime).ns)),
      },
      Before: compare((other) => this.ns < other),
      After: compare((other) => this.ns > other),
      Equal: compare((other) => this.ns === other),
      Compare: {
        params: ['time.Time'],
        call: ([other]) => {
          const ns = (other as GoTime).ns;
          return this.ns < ns ? -1n : this.ns > ns ? 1n : 0n;
        },
      },
      Truncate: {
        params: ['time.Duration'],
        call: ([by]) => {
          const unit = (by as GoDuration).ns;
          if (unit <= 0n) return this;
          const since = this.ns - ZERO_TIME_NS;
          return at(this.ns - (((since % unit) + unit) % unit));
        },
      },
      Round: {
        params: ['time.Duration'],
        call: ([by]) => {
          const unit = (by as GoDuration).ns;
          if (unit <= 0n) return this;
          const rest = (((this.ns - ZERO_TIME_NS) % unit) + unit) % unit;
          return at(rest * 2n < unit ? this.ns - rest : this.ns + unit - rest);
        },
      },
      UTC: { params: [], call: () => new GoTime(this.ns, zoneNamed('UTC')) },
      Local: { params: [], call: () => new GoTime(this.ns, zoneNamed('Local')) },
      Year: int(parts.year),
      Month: {
        params: [],
        call: () => new GoEnum('time.Month', BigInt(parts.month), MONTHS[parts.month - 1]!),
      },
      Day: int(parts.day),
      Hour: int(parts.hour),
      Minute: int(parts.minute),
      Second: int(parts.second),
      Nanosecond: int(parts.nanosecond),
      YearDay: int(parts.yearDay),
      Weekday: {
        params: [],
        call: () => new GoEnum('time.Weekday', BigInt(parts.weekday), WEEKDAYS[parts.weekday]!),
      },
    };
  }
}

function durationText(ns: bigint): string {
  if (ns === 0n) return '0s';
  const sign = ns < 0n ? '-' : '';
  const size = ns < 0n ? -ns : ns;
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 3)}µs`;
  if (size < SECOND) return `${sign}${decimal(size, 6)}ms`;
  const minutes = size / (60n * SECOND);
  const seconds = decimal(size % (60n * SECOND), 9);
  if (minutes === 0n) return `${sign}${seconds}s`;
  if (minutes < 60n) return `${sign}${minutes}m${seconds}s`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}s`;
}

/** A whole number of 10^-places units, without zeros at the end. */
function decimal(units: bigint, places: number): string {
  const digits = units.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return digits.slice(0, -places) + (fraction === '' ? '' : `.${fraction}`);
}
