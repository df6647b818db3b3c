/** What a time zone file (TZif, RFC 8536) says of a zone. */
export interface ZoneFile {
  /**
   * What local time is called, such as `CET`.
   * @param at Unix s
   * @param offset local time less UTC, s; it need not follow from the file
   */
  abbreviation(at: number, offset: number): string | undefined;
}

/** Where systems keep time zones; the order is Go's. */
const FOLDERS = ['/usr/share/zoneinfo', '/usr/share/lib/zoneinfo', '/usr/lib/locale/TZ', '/etc/zoneinfo'];

/** Files that may say what the zone of this process is, the first one that is there counts. @param tz the variable TZ */
export function zoneFiles(tz: string | undefined): readonly string[] {
  if (tz === undefined) return ['/etc/localtime'];
  const name = tz.replace(/^:/, '');
  if (name === '' || name === 'UTC') return [];
  return name.startsWith('/') ? [name] : FOLDERS.map((folder) => `${folder}/${name}`);
}

/**
 * Reads one with the 64-bit times of version 2 and later, or the 32-bit ones of version 1. The rule for times after the last change is
 * not read: it goes on with names that are in the file already.
 * @returns undefined for a file of another kind
 */
export function readZoneFile(bytes: Buffer): ZoneFile | undefined {
  try {
    return parse(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // It ends too soon.
    throw error;
  }
}

const HEADER_BYTES = 44;
const TYPE_BYTES = 6;

function parse(bytes: Buffer): ZoneFile | undefined {
  const first = readHeader(bytes, 0);
  if (!first) return undefined;
  const isLong = first.version !== '\0';
  const second = isLong ? readHeader(bytes, HEADER_BYTES + sizeOf(first, 4)) : first;
  if (!second) return undefined;
  const timeBytes = isLong ? 8 : 4;
  const { start, times, types, chars } = second;
  const readTime = (i: number): number =>
    isLong ? Number(bytes.readBigInt64BE(start + i * 8)) : bytes.readInt32BE(start + i * 4);
  const typesAt = start + times * timeBytes + times;
  const charsAt = typesAt + types * TYPE_BYTES;
  const typeOf = (i: number): number => bytes.readUInt8(start + times * timeBytes + i);
  const offsetOf = (type: number): number => bytes.readInt32BE(typesAt + type * TYPE_BYTES);
  const nameOf = (type: number): string => {
    const from = charsAt + bytes.readUInt8(typesAt + type * TYPE_BYTES + 5);
    return bytes.toString('latin1', from, bytes.indexOf(0, from));
  };
  if (types === 0 || charsAt + chars > bytes.length) return undefined;
  return {
    abbreviation(at, offset) {
      for (let i = times - 1; i >= 0; i--) {
        if (readTime(i) <= at && offsetOf(typeOf(i)) === offset) return nameOf(typeOf(i));
      }
      for (let type = 0; type < types; type++) if (offsetOf(type) === offset) return nameOf(type);
      return undefined;
    },
  };
}

interface Header {
  readonly version: string;
  /** Of the data behind it. */
  readonly start: number;
  readonly utFlags: number;
  readonly standardFlags: number;
  readonly leaps: number;
  readonly times: number;
  readonly types: number;
  readonly chars: number;
}

function readHeader(bytes: Buffer, at: number): Header | undefined {
  if (bytes.toString('latin1', at, at + 4) !== 'TZif') return undefined;
  const count = (i: number): number => bytes.readUInt32BE(at + 20 + i * 4);
  return {
    version: bytes.toString('latin1', at + 4, at + 5),
    start: at + HEADER_BYTES,
    utFlags: count(0),
    standardFlags: count(1),
    leaps: count(2),
    times: count(3),
    types: count(4),
    chars: count(5),
  };
}

const sizeOf = ({ times, types, chars, leaps, standardFlags, utFlags }: Header, timeBytes: number): number =>
  times * (timeBytes + 1) + types * TYPE_BYTES + chars + leaps * (timeBytes + 4) + standardFlags + utFlags;

/** As time zone files call zones that have no name: `+0530`, `-03`. @param offset s */
export function numericAbbreviation(offset: number): string {
  if (offset === 0) return 'UTC';
  const minutes = Math.floor(Math.abs(offset) / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  const rest = minutes % 60 === 0 ? '' : two(minutes % 60);
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${rest}`;
}
