import type { Issue } from './issue.ts';

/**
 * A file's state: still open (`received`, `held`) or ended (`done`, `rejected`, `withdrawn`). What ended only because of
 * a file that is still open may stand again when that one goes; what a visible call was made of never does.
 */
export type FileState = 'received' | 'held' | 'done' | 'rejected' | 'withdrawn';

/** The code and sentences that describe a file's state. */
export interface Outcome {
  readonly code: OutcomeCode;
  readonly message: string;
  readonly fix: string;
}

interface Row {
  readonly state: FileState;
  readonly sentence: string;
  readonly fix: string;
}

const done = (sentence: string, fix = 'Nothing to do.'): Row => ({ state: 'done', sentence, fix });
const held = (sentence: string, fix: string): Row => ({ state: 'held', sentence, fix });
const rejected = (sentence: string, fix: string): Row => ({ state: 'rejected', sentence, fix });

/** Every outcome of a file. docs/errors.md holds one row for each; a test keeps the two equal. */
export const OUTCOME_TABLE = {
  SURFACED: done('The call is complete and visible.'),
  UPDATED: done('The file changed the call.'),
  UNCHANGED: done('The metadata changes nothing in the call.'),
  DUPLICATE: done('The same recording was already received.'),
  CRM_IMPORTED: done('The CRM objects are stored.'),
  BATCH_DONE: done(
    'Every row of the batch has its own outcome.',
    'Check the rows in the receipt: some may be held or rejected.',
  ),
  BUNDLE_DONE: done(
    'The bundle was opened: its recording and its metadata have outcomes of their own.',
    'Check the call of its name.',
  ),
  TRANSCRIPT_READ: done('The transcript belongs to the call of its name.'),
  SUPERSEDED: done('A later file replaced this one.'),
  IGNORED_BY_RULE: done(
    'A rule of the field mapping leaves this record out: it makes no call.',
    'Nothing to do; if it should be a call, change the rule `ignore` of the field mapping and send the file again.',
  ),

  NO_METADATA: held(
    'The recording waits for its metadata.',
    'Send a metadata file with the same name before its extension.',
  ),
  NO_RECORDING: held(
    'The metadata waits for its recording.',
    'Send the recording with the same name before its extension.',
  ),
  MISSING_REQUIRED: held(
    'A required field is empty.',
    'Send the metadata again, under the same name, with the fields named here.',
  ),
  CRM_PENDING: held(
    'The call is complete and waits for CRM files to be imported.',
    'Nothing to do: the wait ends after `crmWaitSeconds` at the latest.',
  ),
  TRUNCATED_MEDIA: held(
    'The recording is shorter than its header says.',
    'Resume the upload, or send the whole recording again under the same name.',
  ),
  AMBIGUOUS_STEM: held(
    'Several recordings have this name with different extensions.',
    'Send metadata whose file name field names one of them, extension included.',
  ),
  AMBIGUOUS_MATCH: held('Several recordings or records match equally well.', 'Accept or refuse a match.'),
  PAIR_CONFLICT: held(
    'The metadata has the name of one recording and names another.',
    'Send the metadata again with a file name field that names its own recording.',
  ),
  NO_TRIGGER: held(
    'The bundle waits for its `.done` file.',
    'Send an empty file with the name of the bundle and the extension `.done`.',
  ),
  NO_BUNDLE: held(
    'The `.done` file waits for its bundle.',
    'Send the bundle: a zip file with the same name before its extension.',
  ),
  READY: held('The call is complete and waits for the tenant to go live.', 'Let the tenant go live.'),
  UNREADABLE: held(
    'We could not read the file within our limits of memory and time.',
    'Nothing to do: we read it again with more memory, and an operator is alerted.',
  ),
  BYTES_MISSING: held(
    'We received the file, and its bytes are missing in our store.',
    'Send the file again under the same name. An operator is alerted.',
  ),

  METADATA_INVALID: rejected(
    'The metadata cannot be read.',
    'Correct the problem named here and send the file again under the same name.',
  ),
  UNSUPPORTED_TYPE: rejected(
    'This type of file is not accepted.',
    'Send a recording, or metadata as JSON, XML, CSV or YAML.',
  ),
  TOO_LARGE: rejected(
    'A recording may hold at most 2 GiB (2,147,483,648 bytes).',
    'Split or compress the recording.',
  ),
  NAME_INVALID: rejected(
    'The file name cannot be used.',
    'Rename the file: no path, no control characters, 255 bytes at most.',
  ),
  OBJECT_UNREADABLE: rejected(
    'The object cannot be read from the bucket.',
    'Send the object again in the storage class STANDARD and without a key of your own (SSE-C).',
  ),
  INVALID_TIMESTAMP: rejected(
    'The date or time in the file name does not exist.',
    'Rename the file as yyyyMMdd-hhmmss on a 24-hour clock.',
  ),
  EMPTY_UID: rejected(
    'The file name holds no user id.',
    'Rename the file as yyyyMMdd-hhmmss_direction_user.',
  ),
  EMPTY_MEDIA: rejected('The recording is empty.', 'Send the recording again with its bytes.'),
  NOT_MEDIA: rejected('Not an audio or video file.', 'Send the recording itself in a supported format.'),
  MEDIA_IMMUTABLE: rejected(
    'The call is already complete, and its recording cannot be replaced.',
    'Send only metadata to change a call, append to the recording within 48 hours of the call, or use another name for another call.',
  ),
  DUPLICATE_METADATA: rejected(
    'The call already has metadata under another file name.',
    'Send updates under the name of the first metadata file, or remove the first file while it is held and send this one again.',
  ),
  DUPLICATE_HEADER: rejected('Duplicate column name.', 'Give every column its own name.'),
  SCHEMA_DRIFT: rejected(
    'A required column of the field mapping is missing.',
    'Send the columns under their former names, or ask whoever set up this connection to map the new ones.',
  ),
  NESTED_VALUE: rejected(
    'A field holds a nested value.',
    'Send flat fields, or let the mapping name the nested path.',
  ),
  ROW_TOO_LARGE: rejected(
    'A record, row or field is over the limits.',
    'Send shorter values, or fewer fields.',
  ),
  CONFLICTING_ROWS: rejected('Two rows of the batch disagree about one call.', 'Send one row for each call.'),
  BUNDLE_INVALID: rejected(
    'The bundle cannot be opened.',
    'Make the zip file anew, with one recording, one `.json` and one `.txt` of its own name, then send it and a new `.done` file.',
  ),
  BATCH_INCOMPLETE: rejected(
    'Bundles that the `.end` file lists were not received with their `.done` files.',
    'Send the bundles named here with their `.done` files, then the `.end` file again.',
  ),
  LATE_UPDATE: rejected(
    'The update came after the 48 hours in which metadata may change a call.',
    'Nothing to do: the call keeps its last metadata.',
  ),
  PURGED_UNPAIRED: rejected(
    'The file was purged because its recording or metadata did not arrive within 7 days.',
    'Send both the recording and its metadata again.',
  ),
  CALL_DELETED: rejected(
    'The call of this name was deleted under the data retention and is not recreated.',
    'Nothing to do; use another name for another call.',
  ),

  WITHDRAWN: {
    state: 'withdrawn',
    sentence: 'The file was removed or renamed before it took part in a call.',
    fix: 'A renamed file needs nothing: its new name has a receipt of its own. Send a removed one again if that was a mistake.',
  },
} as const satisfies Record<string, Row>;

export type OutcomeCode = keyof typeof OUTCOME_TABLE;

/** What may be odd about a file or call that is accepted all the same. */
export const WARNING_TABLE = {
  NAME_UNPARSED: 'The file name does not match the pattern: time, user and direction come from the metadata.',
  NO_DIRECTION: 'The file name holds no known direction.',
  NAME_SPACE: 'A stray space in the file name was ignored.',
  DIRECTION_MISMATCH: 'The file name and the metadata disagree about the direction: the metadata wins.',
  TIME_MISMATCH: 'The file name and the metadata are over 5 minutes apart: the metadata wins.',
  DURATION_MISMATCH:
    'The durations of the metadata and of the recording differ by over 10% and 5 seconds: the metadata wins. Check the unit of the duration field.',
  TIME_NONEXISTENT:
    'The local time does not exist because clocks went forward: it was read with the offset before the change.',
  TIME_AMBIGUOUS:
    'The local time occurs twice because clocks went back: the one nearest before arrival was used.',
  FUTURE_TIME: 'The call time is after the arrival: the update window runs from the arrival.',
  BATCH_NAME_REUSED: 'An earlier batch of this name had different content: this file is a new batch.',
  SIDECAR_AS_BATCH: 'The file has the name of a recording and several rows: it was read as a batch.',
  VALUE_TOO_LONG: 'A value is longer than expected: it was kept in full.',
  KEY_TRIMMED: 'White space around a field name was ignored.',
  ROW_IGNORED: 'A line below the one row is not data, such as the closing line of a report: it was left out.',
  ENCODING_ASSUMED:
    'The text is not UTF-8 and nothing says what it is: it was read in the encoding that is named.',
  MEDIA_TYPE_MISMATCH: 'The extension does not match the content: the media type of the content was used.',
  NO_MAPPED_FIELD:
    'None of the fields of the metadata is in the field mapping: time, user and direction come from the file name.',
  VALUE_UNREAD:
    'The value of an optional field cannot be read as its type: it was kept as text, under `source.` and its name.',
  EXCEL_NUMBER: 'Excel shortened a long number, whose last digits are lost: the text was kept unchanged.',
  PHONE_UNPARSED: 'A value is not a telephone number: it was kept unchanged.',
  DURATION_UNKNOWN:
    'The file name gives the end of the call and its duration is unknown: the end is used as the start.',
  MEDIA_UNPROBED: 'The length and channels of this recording could not be read.',
} as const;

/** The outcome for a code, with `detail` (what exactly, no customer values) after its sentence. */
export function outcomeOf(code: OutcomeCode, detail: string | null = null): Outcome {
  const row = OUTCOME_TABLE[code];
  return { code, message: detail ? `${row.sentence} ${detail}` : row.sentence, fix: row.fix };
}

/** The outcome for a code in words of its own. */
export const outcomeSaying = (code: OutcomeCode, message: string): Outcome => ({
  ...outcomeOf(code),
  message,
});

/** The state of a code. */
export const stateOf = (code: OutcomeCode): FileState => OUTCOME_TABLE[code].state;

export const isOutcomeCode = (code: string): code is OutcomeCode => Object.hasOwn(OUTCOME_TABLE, code);

/** How many issues a rejection names. */
const MAX_NAMED = 3;

/** The outcome for the issues that reject a file: the first gives the code, the first three are named. */
export function rejectionOf(issues: readonly Issue[]): Outcome {
  const [first] = issues;
  const isRejection = first && isOutcomeCode(first.code) && stateOf(first.code) === 'rejected';
  const named = issues.slice(0, MAX_NAMED).map(({ message, at }) => (at ? `${message} (${at})` : message));
  if (issues.length > MAX_NAMED) named.push(`And ${issues.length - MAX_NAMED} more.`);
  const code = isRejection ? (first.code as OutcomeCode) : 'METADATA_INVALID';
  return named.length === 0 ? outcomeOf(code) : outcomeSaying(code, named.join(' '));
}
