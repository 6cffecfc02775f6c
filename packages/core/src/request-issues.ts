/**
 * What is wrong at one place of a request; the issue's own sentence says what exactly. Codes of other tables come here
 * too, where a mapping, a sample or a webhook is at fault. docs/errors.md holds a row for each.
 */
export const REQUEST_ISSUE_TABLE = {
  REQUIRED: 'Something that is needed did not come.',
  UNKNOWN_FIELD: 'There is no such field here: a slip of the pen is never passed over.',
  TYPE_INVALID: 'The value has another JSON type than the one expected.',
  FORMAT_INVALID: 'The text is not written as it must be.',
  VALUE_NOT_ALLOWED: 'The value is none of those that may stand here.',
  OUT_OF_RANGE: 'The value is too small, too large, too short or too long.',
  KEY_INVALID: 'The name of a field cannot be used.',
  TEXT_INVALID: 'The text holds characters that cannot be kept.',
  INVALID: 'The value cannot be used.',
  JSON_INVALID: 'The body is not JSON.',
  UTF8_INVALID: 'The body is not UTF-8.',
  CURSOR_INVALID: 'The cursor is not one that this list gave.',
  TIME_ZONE_UNKNOWN: 'There is no IANA time zone of this name.',
  PUBLIC_KEY_INVALID: 'The text is no public key of a kind that we accept.',
  MAPPING_INVALID: 'The field mapping cannot be used.',
  PATTERN_INVALID: 'The pattern cannot be used: it must be a regular expression without backtracking.',
  TYPE_MISMATCH: 'The field that is searched has another type than the value.',
} as const satisfies Record<string, string>;
