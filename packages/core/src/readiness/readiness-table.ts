/** Everything that readiness may name. docs/errors.md holds one row for each; the sentences say how many and which. */
export const READINESS_TABLE = {
  TIME_ZONE_MISSING: {
    required: true,
    meaning: 'Times without an offset cannot be read.',
    fix: 'Set `timeZone` to an IANA zone such as `America/New_York`.',
  },
  MAPPING_MISSING: {
    required: true,
    meaning: 'No field mapping for calls is published.',
    fix: 'Publish one.',
  },
  TIME_ZONE_SUSPECTED: {
    required: false,
    meaning: 'Times in file names are always the same number of hours from the arrivals.',
    fix: 'Set the time zone of the clock that writes the names, or have names written in the one that is set.',
  },
  TWELVE_HOUR_CLOCK_SUSPECTED: {
    required: false,
    meaning: 'No hour past 12 occurs in many calls on several days.',
    fix: 'Write hours from 00 to 23, or let the mapping read AM and PM: until then calls of afternoons are 12 hours early.',
  },
  NO_COMPLETE_CALL: {
    required: false,
    meaning: 'No call is complete yet.',
    fix: 'Send a recording and its metadata under one name.',
  },
  FILES_REJECTED: {
    required: false,
    meaning: 'Files were rejected, listed by code.',
    fix: 'Do what the code asks for.',
  },
  RECORDINGS_UNPAIRED: {
    required: false,
    meaning: 'Recordings wait for their metadata.',
    fix: 'Send metadata files with the same names before their extensions.',
  },
  METADATA_UNPAIRED: {
    required: false,
    meaning: 'Metadata files wait for their recordings.',
    fix: 'Send the recordings with the same names before their extensions.',
  },
  FILES_WAITING: {
    required: false,
    meaning: 'Files are held for other reasons, listed by code.',
    fix: 'Do what the code asks for.',
  },
  ROWS_REJECTED: {
    required: false,
    meaning: 'Rows of batches were rejected, listed by code.',
    fix: 'Do what the code asks for.',
  },
  ROWS_WAITING: {
    required: false,
    meaning: 'Rows of batches wait for recordings or are held for other reasons, listed by code.',
    fix: 'Do what the code asks for.',
  },
  SFTP_USER_MISSING: {
    required: false,
    meaning: 'Nobody can log in to the drop.',
    fix: 'Make an SFTP user with its public key.',
  },
  USERS_NEVER_SEEN: {
    required: false,
    meaning: 'Users of the setting `expectedUsers` have no call yet.',
    fix: 'Check that their recordings are exported, and that their ids are written as in `expectedUsers`.',
  },
} as const;

export type ReadinessCode = keyof typeof READINESS_TABLE;
