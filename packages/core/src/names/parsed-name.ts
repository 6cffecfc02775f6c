import type { Issue } from '../issue.ts';

/** What a file's name alone says it is. A CSV is a `sidecar` until its rows say otherwise. */
export type NameKind = 'recording' | 'sidecar' | 'bundle' | 'temporary' | 'unsupported';

/** Wall-clock time of a file name, in no zone yet. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** A file name read by the tenant's rules. */
export interface ParsedName {
  readonly kind: NameKind;
  /** Canonical stem that joins a recording and its sidecar: NFC, no stray space beside the dash. Source: C18. */
  readonly stem: string;
  /** Lower case, without the dot; empty where there is none. */
  readonly ext: string;
  readonly wallTime: WallTime | null;
  readonly direction: string | null;
  readonly uid: string | null;
  /** Reasons to reject the file outright: INVALID_TIMESTAMP, EMPTY_UID, UNSUPPORTED_TYPE. */
  readonly issues: readonly Issue[];
  /** NAME_UNPARSED, NO_DIRECTION, NAME_SPACE. */
  readonly warnings: readonly Issue[];
}
