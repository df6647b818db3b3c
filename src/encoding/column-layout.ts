/** How a column is stored: the low bits of its first byte. Numbers reach the disk. */
export const ColumnKind = {
  absent: 0,
  sameAs: 1,
  integers: 2,
  floats: 3,
  floatSteps: 4,
  constant: 5,
  constantInteger: 6,
} as const;
export const KIND_MASK = 0x0f;

/** Which rows have samples: all, the spans that follow, or the same ones as the column before. */
export const PresenceMode = { all: 0x00, spans: 0x10, asBefore: 0x20 } as const;
export const PRESENCE_MASK = 0x30;

/** A list of rows whose values the integers do not give. */
export const HAS_EXCEPTIONS = 0x40;

/**
 * Where a column's stream lies: all of it in the section that the columns share, or packed for itself. Planes of noise are kept in a
 * section of their own in either case, unpacked.
 */
export const Placement = { shared: 0, alone: 1 } as const;

/** Bytes from which a stream is packed for itself: with statistics of its own, and readable without the others. */
export const ALONE_BYTES = 2048;

/**
 * Whether columns say where their streams lie and how the shared section is stored. In a `bare` block all streams are in the shared
 * section, plain, and no column says anything.
 */
export const Packing = { bare: 0, plain: 1, zstd: 2 } as const;

/** No block of ours is larger; a claim above is damage. */
export const MAX_ROWS = 1 << 24;
export const MAX_COLUMNS = 4096;
