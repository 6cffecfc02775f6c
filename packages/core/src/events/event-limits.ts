const DAY_MS = 24 * 60 * 60 * 1000;

/** Events are kept this long, then removed. */
export const EVENTS_KEPT_MS = 30 * DAY_MS;
/** Entries of the audit are kept for so long. */
export const AUDIT_KEPT_MS = 731 * DAY_MS;

/** A consumer holds a cursor for this long after each claim or advance. */
export const EVENT_LEASE_MS = 60_000;

/** A consumer whose oldest unread event is older than this has stalled. */
export const STALLED_AFTER_MS = 60 * 60 * 1000;
