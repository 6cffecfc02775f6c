/** Every kind of alert: what is wrong, and what somebody should do. docs/errors.md holds one row for each. */
export const ALERT_TABLE = {
  FEED_LATE: {
    sentence: 'No file arrived for longer than expected.',
    fix: 'Check that your export still runs and can log in. Late files are still accepted.',
  },
  HELD_OVER_HOUR: {
    sentence: 'Files or rows of batches have waited for over an hour.',
    fix: 'Send what is missing: `GET …/holds` lists what each file waits for.',
  },
  REJECTION_RATE_JUMP: {
    sentence: 'Far more files or rows of batches than usual were rejected in the last hour.',
    fix: 'Check the codes of the examples: most often the structure of an export has changed.',
  },
  PURGE_SOON: {
    sentence: 'Unpaired files or rows of batches will be purged within a day.',
    fix: 'Send the missing recordings or metadata now, or download the files: the purge deletes their content.',
  },
  CALLS_DELETED_SOON: {
    sentence: 'A shorter data retention will delete calls for good within a day.',
    fix: 'If that is not meant, set a longer data retention, or a legal hold on the calls, before then.',
  },
  FILES_UNREAD: {
    sentence: 'We could not read files, or have lost their bytes.',
    fix: 'An operator must look at the log of the pipeline and at the store of bytes. The files are held and read again by themselves; a replay does it at once.',
  },
  QUOTA_NEAR: {
    sentence: 'The storage quota is nearly used up: uploads beyond it are refused.',
    fix: 'Ask for a larger quota, or for a shorter data retention.',
  },
  CLOCKS_DISAGREE: {
    sentence: 'The clocks of our servers disagree: nothing is purged until they agree.',
    fix: 'An operator must check the clocks. Nothing is lost meanwhile; after a jump the purge resumes a day later.',
  },
  DISK_LOW: {
    sentence: 'The disk of the stored bytes is nearly full: uploads are, or soon will be, refused.',
    fix: 'An operator must free space or enlarge the disk. Nothing that was received is lost.',
  },
  RECONCILIATION_GAP: {
    sentence: 'A day has files or rows of batches without an outcome.',
    fix: 'An operator must investigate: `GET …/reconciliation` lists each file, and its explanation shows the last step.',
  },
  FEED_STALLED: {
    sentence: 'A consumer of events has not moved on for over an hour.',
    fix: 'Check its target and its settings. Events are kept for 30 days; then unread ones are removed too.',
  },
  FEED_REDUCED: {
    sentence: 'Messages were too large for the topic and were sent without some of their parts.',
    fix: 'Raise `max.message.bytes` of the topic and `maxMessageBytes` of the feed, then replay the time in question.',
  },
  WEBHOOK_DISABLED: {
    sentence: 'A webhook is disabled: events could not be delivered to it.',
    fix: 'Repair the receiver, then set the `state` of the webhook to `active`: it goes on where it stopped.',
  },
  S3_DROP_BROKEN: {
    sentence: 'The bucket does not work as it was set up, and may not receive files.',
    fix: 'Have the drop set up again (`POST …/s3-drop/reconcile`). What is uploaded meanwhile is found afterwards.',
  },
} as const;

export type AlertKind = keyof typeof ALERT_TABLE;

/** What is wrong with the installation, so that every tenant that is not suspended has the same alert. */
export const SHARED_ALERTS = ['CLOCKS_DISAGREE', 'DISK_LOW'] as const satisfies readonly AlertKind[];
export type SharedAlertKind = (typeof SHARED_ALERTS)[number];

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
  /** What of the tenant's it is about: `feed`, `clocks`, a day, a consumer of events. */
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
