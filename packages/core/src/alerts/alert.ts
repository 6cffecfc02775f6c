/** Every kind of alert: what is wrong, and what somebody should do. docs/errors.md holds one row for each. */
export const ALERT_TABLE = {
  FEED_LATE: {
    sentence: 'No file came for longer than expected.',
    fix: 'Check that your export still runs and can log in; nothing that comes later is refused for it.',
  },
  HELD_OVER_HOUR: {
    sentence: 'Files or rows of batches have waited for over an hour.',
    fix: 'Send the missing halves or corrections: `GET …/holds` says what each one waits for.',
  },
  REJECTION_RATE_JUMP: {
    sentence: 'Far more files or rows of batches than usual were rejected in the last hour.',
    fix: 'Look at the codes of the examples: most often the structure of an export has changed.',
  },
  PURGE_SOON: {
    sentence: 'Files or rows of batches without their other half will be purged within a day.',
    fix: 'Send the missing halves now, or fetch the files: after the purge the bytes are gone.',
  },
  FILES_UNREAD: {
    sentence: 'We could not read files, or have lost their bytes.',
    fix: 'An operator must look at the log of the pipeline and at the store of bytes. The files are held and read again by themselves; a replay does it at once.',
  },
  CLOCKS_DISAGREE: {
    sentence: 'The clocks of our servers disagree: nothing is purged until they agree.',
    fix: 'An operator must look at the clocks. Nothing is lost meanwhile; after a jump the purge goes on a day later.',
  },
  RECONCILIATION_GAP: {
    sentence: 'A day has files or rows of batches that are in no outcome.',
    fix: 'An operator must look: `GET …/reconciliation` names each file, and its explanation tells how far it came.',
  },
} as const;

export type AlertKind = keyof typeof ALERT_TABLE;

/** A file that shows what an alert is about. */
export interface AlertExample {
  readonly fileId: string;
  readonly name: string;
  readonly code: string | null;
  /** RFC 3339. */
  readonly receivedAt: string;
  /** How many rows of this batch; absent where it is about the file itself. */
  readonly rows?: number;
}

/** How many there are, and the first few of them, oldest first. */
export interface Counted {
  readonly count: number;
  readonly examples: readonly AlertExample[];
}

/** Something that is wrong just now. A tenant has at most one open alert for a (kind, subject). */
export interface AlertFinding extends Counted {
  readonly kind: AlertKind;
  /** What of the tenant's it is about: `feed`, `clocks`, a day. */
  readonly subject: string;
  readonly message: string;
  readonly fix: string;
}

export const MAX_ALERT_EXAMPLES = 10;

/** The finding of a kind, its sentence followed by what exactly. */
export function findingOf(
  kind: AlertKind,
  subject: string,
  detail: string,
  { count, examples }: Counted = { count: 1, examples: [] },
): AlertFinding {
  const { sentence, fix } = ALERT_TABLE[kind];
  const message = `${sentence} ${detail}`;
  return { kind, subject, message, fix, count, examples: examples.slice(0, MAX_ALERT_EXAMPLES) };
}
