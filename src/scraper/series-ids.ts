/**
 * What stands in the `series` column of a page's samples: the slot of a series that has one, or one of these below zero.
 */

/** Dropped by relabelling. */
export const DROPPED = -1;
/** A line of a classic histogram that is stored as a native one only. */
export const CONVERTED = -2;
/** The budget has no room for it. */
export const PARKED = -3;
/** `FIRST_PENDING - i` is the i-th of a list of labels: a series without a slot. */
export const FIRST_PENDING = -4;

/** Whether nothing is stored of the sample. */
export const isLeftOut = (id: number): boolean => id < 0 && id > FIRST_PENDING;
